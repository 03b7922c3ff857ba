package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/antedon-net/antedon/internal/tundev"
)

// tunStatus is what "tun status" tells of a device. Record is nil if we did not make it, or may not know.
type tunStatus struct {
	Name   string         `json:"name"`
	Device *tundev.Device `json:"device,omitempty"` // nil if it is gone
	Record *tundev.Record `json:"record,omitempty"`
}

func newTUNStatus() *cobra.Command {
	var (
		book   tundev.Book
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:     "status [NAME]",
		Short:   "Show TUN devices, and what \"tun up\" changed for them",
		Long:    "Show TUN devices, and what \"tun up\" changed for them. Only root may read the latter.",
		Example: "  antedon tun status\n  sudo antedon tun status tun0 --json",
		Args:    positional(0, 1, "at most one NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			list, err := readStatus(book)
			if err != nil {
				return err
			}
			if len(args) > 0 {
				list = slices.DeleteFunc(list, func(s *tunStatus) bool { return s.Name != args[0] })
				if len(list) == 0 {
					return fmt.Errorf("there is no TUN device %s", args[0])
				}
			}
			for _, s := range list {
				if err := s.print(cmd.OutOrStdout(), asJSON); err != nil {
					return err
				}
			}
			return nil
		},
	}
	addJSON(cmd, &asJSON)
	addStateDir(cmd, &book)
	return cmd
}

// readStatus joins devices and records.
func readStatus(book tundev.Book) ([]*tunStatus, error) {
	devices, err := tundev.List()
	if err != nil {
		return nil, err
	}
	records, err := book.List()
	if err != nil && !errors.Is(err, fs.ErrPermission) {
		return nil, err
	}
	byName := make(map[string]*tunStatus)
	for _, d := range devices {
		byName[d.Name] = &tunStatus{Name: d.Name, Device: d}
	}
	for _, r := range records {
		s := byName[r.Name]
		if s == nil {
			s = &tunStatus{Name: r.Name}
			byName[r.Name] = s
		}
		s.Record = r
	}
	var list []*tunStatus
	for _, s := range byName {
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b *tunStatus) int { return cmp.Compare(a.Name, b.Name) })
	return list, nil
}

func (s *tunStatus) print(w io.Writer, asJSON bool) error {
	if asJSON {
		return printJSON(w, s)
	}
	_, err := io.WriteString(w, s.String())
	return err
}

// String returns what people want to know.
func (s *tunStatus) String() string {
	var b strings.Builder
	if d := s.Device; d == nil {
		fmt.Fprintf(&b, "%s: gone\n", s.Name)
	} else {
		fmt.Fprintf(&b, "%s: %s, %s, MTU %d, user %d\n", s.Name,
			either(d.Up, "up", "down"), either(d.InUse, "in use", "free"), d.MTU, d.User)
		fmt.Fprintf(&b, "  kernel   %s\n  ours     %s\n", orNone(d.Kernel), orNone(d.Ours))
	}
	r := s.Record
	if r == nil {
		return b.String()
	}
	for _, p := range r.Routes {
		fmt.Fprintf(&b, "  route    %s\n", p)
	}
	if r.RTOMin > 0 {
		fmt.Fprintf(&b, "  rto_min  %v\n", r.RTOMin)
	}
	if r.NAT != "" {
		fmt.Fprintf(&b, "  nat      through %s\n", either(r.NAT == tundev.AnyInterface, "any interface", r.NAT))
	}
	for _, u := range r.Undo {
		fmt.Fprintf(&b, "  undo     %s %s\n", u.Op, u.Name)
	}
	fmt.Fprintf(&b, "  antedon tun down %s undoes this\n", s.Name)
	return b.String()
}

func either(cond bool, yes, no string) string {
	if cond {
		return yes
	}
	return no
}
