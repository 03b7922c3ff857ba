package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/antedon-net/antedon/internal/tundev"
)

// defaultTUN is the device that "antedon tun" is about if none is named.
const defaultTUN = "tun0"

func newTUN() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "tun",
		Short: "Make, show and undo a persistent TUN device",
		Long: "A persistent TUN device belongs to a user, who needs no privilege to run a stack on it. Making and undoing it\n" +
			"takes root; what was changed is on record in " + tundev.DefaultDir + " and undone precisely.",
		Example: "  sudo antedon tun up tun0 --user $USER\n  antedon tun status\n  sudo antedon tun down tun0",
		Args:    cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usagef("unknown command %q: want up, down or status", args[0])
			}
			return usagef("want up, down or status")
		},
	}
	cmd.AddCommand(newTUNUp(), newTUNDown(), newTUNStatus())
	return cmd
}

func tunName(args []string) string {
	if len(args) > 0 {
		return args[0]
	}
	return defaultTUN
}

// addStateDir adds the flag that says where the records lie.
func addStateDir(cmd *cobra.Command, b *tundev.Book) {
	cmd.Flags().StringVar(&b.Dir, "state-dir", tundev.DefaultDir, "`DIR` where what was changed is on record")
}

// tunUpFlags are the flags of "tun up".
type tunUpFlags struct {
	book              tundev.Book
	user              string
	addr, peer, route prefixes
	mtu               int
	rtoMin            time.Duration
	nat               string
}

func newTUNUp() *cobra.Command {
	f := new(tunUpFlags)
	cmd := &cobra.Command{
		Use:   "up [NAME]",
		Short: "Make a persistent TUN device",
		Example: "  sudo antedon tun up tun0 --user $USER\n" +
			"  sudo antedon tun up tun0 --peer-addr 10.9.0.1/24,fd09::1/64 --rto-min 10ms --nat\n" +
			"  sudo antedon tun up tun0 --nat=eth0 --route 192.0.2.0/24",
		Args: positional(0, 1, "at most one NAME"),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd.ErrOrStderr(), tunName(args)) },
	}
	fs := cmd.Flags()
	fs.StringVar(&f.user, "user", "", "`USER`, name or number, who may open the device (default: you)")
	fs.Var(&f.addr, "addr", "our address, `CIDR[,CIDR]` (default: the one after the kernel's)")
	fs.Var(&f.peer, "peer-addr", "address of the kernel's end, `CIDR[,CIDR]` (default 10.7.0.1/24)")
	fs.Var(&f.route, "route", "further destination that the kernel sends to our end, `CIDR[,CIDR]`")
	fs.IntVar(&f.mtu, "mtu", 0, "MTU in `BYTES` (default 1500)")
	fs.DurationVar(&f.rtoMin, "rto-min", 0, "least retransmission timeout of the kernel's TCP towards our end, such as 10ms (default: the kernel's, 200ms)")
	fs.StringVar(&f.nat, "nat", "", "let our end reach the world through `=INTERFACE`, or through any if none is named")
	fs.Lookup("nat").NoOptDefVal = tundev.AnyInterface
	addStateDir(cmd, &f.book)
	return cmd
}

func (f *tunUpFlags) run(stderr io.Writer, name string) error {
	plan, err := f.plan(name)
	if err != nil {
		return err
	}
	r, err := f.book.Up(*plan)
	if err != nil {
		return needsRoot("up", name, err)
	}
	tell(stderr, "%s is up: kernel %s, ours %s; undo with \"antedon tun down %s\"",
		r.Name, joinPrefixes(r.Kernel), joinPrefixes(r.Ours), r.Name)
	return nil
}

func (f *tunUpFlags) plan(name string) (*tundev.Plan, error) {
	p := &tundev.Plan{Name: name, User: caller(), Kernel: f.peer, Routes: f.route, MTU: f.mtu, RTOMin: f.rtoMin, NAT: f.nat}
	if len(p.Kernel) == 0 {
		p.Kernel = []netip.Prefix{defaultPeer}
	}
	var err error
	if p.Ours, err = (&stackFlags{addr: f.addr}).ours(p.Kernel); err != nil {
		return nil, err
	}
	if f.user != "" {
		if p.User, err = parseUser(f.user); err != nil {
			return nil, usagef("--user: %w", err)
		}
	}
	switch {
	case !isInterfaceName(name):
		return nil, usagef("%q cannot be the name of an interface", name)
	case f.rtoMin < 0 || f.rtoMin > 0 && f.rtoMin < time.Millisecond || f.rtoMin > time.Minute:
		return nil, usagef("--rto-min %v: want 1ms to 1m", f.rtoMin)
	}
	return p, (&stackFlags{mtu: f.mtu}).check()
}

// isInterfaceName reports whether the kernel would take s as the name of an interface. A % would stand for a number.
func isInterfaceName(s string) bool {
	return s != "" && s != "." && s != ".." && len(s) < 16 &&
		!strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("/:%", r) })
}

// needsRoot says what to do about a lack of privilege.
func needsRoot(verb, name string, err error) error {
	if !errors.Is(err, fs.ErrPermission) {
		return err
	}
	if os.Geteuid() != 0 {
		return fmt.Errorf("this takes root: run \"sudo antedon tun %s %s\"", verb, name)
	}
	return fmt.Errorf("this takes CAP_NET_ADMIN, and a %s that can be written: %w", tundev.DefaultDir, err)
}

func newTUNDown() *cobra.Command {
	var book tundev.Book
	cmd := &cobra.Command{
		Use:     "down [NAME]",
		Short:   "Undo what \"tun up\" did",
		Example: "  sudo antedon tun down tun0",
		Args:    positional(0, 1, "at most one NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			name := tunName(args)
			if !isInterfaceName(name) {
				return usagef("%q cannot be the name of an interface", name)
			}
			err := book.Down(name)
			if errors.Is(err, tundev.ErrNotRecorded) {
				tell(cmd.ErrOrStderr(), "%s: %v", name, err)
				return nil
			}
			if err != nil && os.Geteuid() != 0 {
				err = fs.ErrPermission // others may not even know what is on record
			}
			return needsRoot("down", name, err)
		},
	}
	addStateDir(cmd, &book)
	return cmd
}
