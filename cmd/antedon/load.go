package main

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/antedon-net/antedon/internal/load"
)

// loadFlags are the flags of the command load.
type loadFlags struct {
	mode    string
	conns   int
	rate    int
	seconds seconds
	from    string
	path    string
	request string
	fin     bool
	window  uint16
	stuck   bool
	start   seconds
	ipv6    bool
	verbose bool
	json    bool
}

const loadWant = "[HOST:]PORT [-- CMD...]"

func newLoad() *cobra.Command {
	f := loadFlags{mode: string(load.Connect), seconds: seconds(10 * time.Second), start: seconds(10 * time.Second), path: "/"}
	cmd := &cobra.Command{
		Use:   "load [HOST:]PORT [-- CMD...]",
		Short: "Load a server with connections: many, fast, or bad ones for your own",
		Long: fmt.Sprintf(`Open connections to a server, many or fast, and say how long they took.

With CMD behind "--", CMD is started in a private network namespace, without root and without touching this machine's network, and
is loaded there on PORT as soon as it listens on all addresses. Connections come from any addresses (--from) and cost this
side nothing, neither buffer nor memory, so that there may be hundreds of thousands. At the end CMD and all that it started is ended.

Modes: connect (open, close), request (send, read the answer), hold (open, keep), churn (connect until the time is over), and with CMD
only, to test a server of your own: synflood (SYNs, no answer to what comes back) and slowread (send a request, hardly read the answer);
an ordinary client tells meanwhile what others would notice.

Without CMD a server that is there already is loaded over the kernel's sockets: on loopback unless HOST is given, at most
%d connections a second and %d open there, %d and %d elsewhere. HOST is loaded only with the consent of who runs it.

Every load ends after --seconds, at most %d.`, load.MaxLoopbackRate, load.MaxLoopbackOpen, load.MaxRemoteRate, load.MaxRemoteOpen,
			int(load.MaxTime.Seconds())),
		Example: `  antedon load --mode request --conns 20000 8080 -- python3 -m http.server 8080
  antedon load --mode hold --conns 200000 --seconds 30 8080 -- python3 -m http.server 8080
  antedon load --mode synflood --rate 100000 8080 -- python3 -m http.server 8080
  antedon load --mode churn --rate 500 127.0.0.1:8080`,
		Args: loadArgs,
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args) },
	}
	fs := cmd.Flags()
	fs.StringVar(&f.mode, "mode", f.mode, "what becomes of connections, a `MODE`: "+loadModes())
	fs.IntVar(&f.conns, "conns", 0, "`N` connections in all (default 1000 with connect, request and hold; the others go on until the time is over)")
	fs.IntVar(&f.rate, "rate", 0, "`N` connections a second (default 20000 with CMD, 1000 on loopback, 50 elsewhere)")
	fs.Var(&f.seconds, "seconds", "end after so long")
	fs.StringVar(&f.from, "from", "", "source addresses, a `PREFIX` (default 198.18.0.0/15 or 2001:2::/48 with CMD; on loopback within 127.0.0.0/8; nowhere else)")
	fs.StringVar(&f.path, "path", f.path, "`PATH` of the HTTP request that request and slowread send")
	fs.StringVar(&f.request, "request", "", "send `TEXT` instead, with \\r and \\n and other escapes of Go")
	fs.BoolVar(&f.fin, "fin", false, "connect and churn: close in order, with a FIN instead of a RST")
	fs.Uint16Var(&f.window, "window", 0, "slowread: take so many `BYTES` at a time (default 64)")
	fs.BoolVar(&f.stuck, "stuck", false, "slowread: and take nothing any more after the first time")
	fs.Var(&f.start, "start", "how long CMD may take until it listens")
	fs.BoolVar(&f.ipv6, "ipv6", false, "IPv6 instead of IPv4, with CMD")
	fs.BoolVarP(&f.verbose, "verbose", "v", false, "show what CMD prints, on standard error")
	addJSON(cmd, &f.json)
	return cmd
}

func loadModes() string {
	names := make([]string, len(load.Modes))
	for i, m := range load.Modes {
		names[i] = string(m)
	}
	return strings.Join(names, ", ")
}

// loadArgs wants one argument before "--".
func loadArgs(cmd *cobra.Command, args []string) error {
	own := args
	if n := cmd.ArgsLenAtDash(); n >= 0 {
		own = args[:n]
		if n == len(args) {
			return usagef("missing CMD behind --")
		}
	}
	return positional(1, 1, loadWant)(cmd, own)
}

func (f *loadFlags) run(cmd *cobra.Command, args []string) error {
	p, err := f.plan()
	if err != nil {
		return err
	}
	if n := cmd.ArgsLenAtDash(); n >= 0 {
		return f.private(cmd, p, args[0], args[n:])
	}
	return f.plain(cmd, p, args[0])
}

// plan returns what the flags ask for, whatever the target.
func (f *loadFlags) plan() (*load.Plan, error) {
	p := &load.Plan{
		Mode: load.Mode(f.mode), Conns: f.conns, Rate: f.rate, Time: f.seconds.Duration(), FIN: f.fin,
		Window: f.window, Stuck: f.stuck, Start: f.start.Duration(), IPv6: f.ipv6,
	}
	if f.conns < 0 || f.rate < 0 {
		return nil, usagef("--conns and --rate want positive numbers")
	}
	if f.conns == 0 && (p.Mode == load.Connect || p.Mode == load.Request || p.Mode == load.Hold) {
		p.Conns = 1000
	}
	if f.from != "" {
		from, err := netip.ParsePrefix(f.from)
		if err != nil {
			return nil, usagef("--from %s: want a prefix such as 198.18.0.0/15", f.from)
		}
		p.From = from
	}
	if p.Mode == load.Request || p.Mode == load.SlowRead {
		var err error
		if p.Request, err = f.text(); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// text returns the request.
func (f *loadFlags) text() ([]byte, error) {
	if f.request == "" {
		if strings.ContainsAny(f.path, " \r\n") || !strings.HasPrefix(f.path, "/") {
			return nil, usagef("--path %q: want a path such as /index.html", f.path)
		}
		return fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: antedon\r\nConnection: close\r\n\r\n", f.path), nil
	}
	text, err := strconv.Unquote(`"` + strings.ReplaceAll(f.request, `"`, `\"`) + `"`)
	if err != nil {
		return nil, usagef("--request %q: not a text with the escapes of Go", f.request)
	}
	return []byte(text), nil
}

// private loads a server that it starts.
func (f *loadFlags) private(cmd *cobra.Command, p *load.Plan, port string, command []string) error {
	port = strings.TrimPrefix(port, ":")
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 {
		return usagef("%q: with CMD want just the PORT that it listens on", port)
	}
	p.Port, p.Command = uint16(n), command
	if p.Rate == 0 {
		p.Rate = 20000
	}
	if f.verbose {
		p.Output = func(b []byte) { _, _ = cmd.ErrOrStderr().Write(b) }
	}
	if err := p.WithDefaults().CheckPrivate(); err != nil {
		return usageError{err}
	}
	return isolated(func() error {
		return f.tell(cmd, func(watch func(*load.Report)) (*load.Report, error) {
			return load.Private(cmd.Context(), *p, watch)
		})
	})
}

// plain loads a server that is there already.
func (f *loadFlags) plain(cmd *cobra.Command, p *load.Plan, target string) error {
	to, err := load.ParseTarget(cmd.Context(), target)
	if err != nil {
		return usageError{err}
	}
	if f.ipv6 {
		return usagef("--ipv6 is for CMD; without it the target says what it is")
	}
	if p.Rate == 0 {
		p.Rate = 50
		if to.IsLoopback() {
			p.Rate = 1000
		}
	}
	if err := p.CheckPlain(to); err != nil {
		return usageError{err}
	}
	return f.tell(cmd, func(watch func(*load.Report)) (*load.Report, error) {
		return load.Plain(cmd.Context(), *p, to, watch)
	})
}

// tell runs a load and tells how it goes and went.
func (f *loadFlags) tell(cmd *cobra.Command, run func(watch func(*load.Report)) (*load.Report, error)) error {
	l := newLoadTeller(cmd.OutOrStdout(), os.Stderr, f.json)
	r, err := run(l.watch)
	l.hide()
	if r != nil && r.Tried > 0 {
		if perr := l.summary(r); err == nil {
			err = perr
		}
	}
	switch {
	case err != nil:
		return orInterrupted(cmd.Context(), err)
	case context.Cause(cmd.Context()) == errInterrupted:
		return errInterrupted
	}
	return loadFailure(r)
}

// loadFailure says why a load counts as failed: not one connection was opened.
func loadFailure(r *load.Report) error {
	switch {
	case r.Opened > 0:
		return nil
	case r.Refused > 0:
		return fmt.Errorf("dial %s: connection refused", r.Target)
	case r.Files > 0:
		return fmt.Errorf("dial %s: too many open files", r.Target)
	}
	return fmt.Errorf("dial %s: no connection was opened", r.Target)
}
