package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/antedon-net/antedon/lab/driver"
	"github.com/antedon-net/antedon/lab/exp4"
	"github.com/antedon-net/antedon/link/capture"
	"github.com/antedon-net/antedon/link/impair"
)

// labDriverFlags are the flags of the command lab driver.
type labDriverFlags struct {
	host   bool
	netns  bool
	sdks   []string
	dirs   []string
	stack  string
	piece  int
	calls  string
	caller string
	pcap   string
	impair string
	json   bool
}

const labDriverNames = "all, partial, clear or print"

const labDriverLong = `Capture TCP connections of real programs and have an SDK carry them: a program in which you write TCP.

  all      capture every outgoing connection (default)
  partial  capture those from a source address in 127.84.0.0/16 only; from 127.84.N.x they go to the Nth SDK
  clear    with --host: end a driver that runs, and remove what one that was killed may have left
  print    print the rules, and the state of a driver that runs

Without --host all this happens in a private network namespace, without root and without touching this machine's network. APP runs
there, by default a shell; when it ends, so does the driver. The remote host there is 10.7.0.2 and fd07::2, with servers for echo (port
7), discard (9), chargen (19) and HTTP (80: /, /bytes/1000000).

An SDK that you start yourself finds the driver at ` + exp4.DefaultDir + "/" + exp4.DriverSocket + `. With --sdk the driver starts programs, each with a
/tmp of its own, so that there may be several. With --stack builtin there is no SDK: Antedon's own TCP carries the connections.

With --incoming, connections that others begin are captured as well, to listeners on these ports: for an SDK whose program has the
function peer_connect, or the built-in TCP. In the private namespace --caller starts a command on the remote host once somebody
listens on the first port; when it ends, so does the driver, with its exit code. The listeners' host is 10.7.0.1 and fd07::1.

TCP to or from port 22 is never captured. With --host everything is undone at the end, and within a second if the driver is killed.`

func newLabDriver() *cobra.Command {
	f := labDriverFlags{stack: "sdk", piece: 1460}
	cmd := &cobra.Command{
		Use:   "driver [all|partial|clear|print] [-- APP...]",
		Short: "Have a TCP of your own carry the connections of real programs",
		Long:  labDriverLong,
		Example: `  antedon lab driver --sdk 'python3 main.py' -- curl http://10.7.0.2/
  antedon lab driver --stack builtin --impair loss=1%,delay=20ms -- curl -o /dev/null http://10.7.0.2/bytes/10000000
  antedon lab driver --sdk ./mytcp --incoming 8080 --caller 'curl http://10.7.0.1:8080/' -- python3 -m http.server 8080
  sudo antedon lab driver all --host
  sudo antedon lab driver clear --host`,
		Args: f.args,
		RunE: f.run,
	}
	fs := cmd.Flags()
	fs.BoolVar(&f.host, "host", false, "capture connections of this machine (as root), not of a private namespace")
	fs.BoolVar(&f.netns, "netns", false, "work in a private namespace, the default")
	fs.StringArrayVar(&f.sdks, "sdk", nil, "start this SDK program, a `COMMAND` line for the shell; may be repeated")
	fs.StringArrayVar(&f.dirs, "dir", nil, "`DIR` of the sockets for an SDK that you start (default "+exp4.DefaultDir+"); may be repeated")
	fs.StringVar(&f.stack, "stack", f.stack, "who carries the connections: sdk or builtin")
	fs.IntVar(&f.piece, "piece", f.piece, "most `BYTES` of an application in one app_send")
	fs.StringVar(&f.calls, "incoming", "", "capture connections to listeners on these `PORTS` too, such as 80,8080; at most 16, never 22")
	fs.StringVar(&f.caller, "caller", "", "start this `COMMAND` line for the shell on the remote host, to call a port of --incoming")
	fs.StringVar(&f.pcap, "pcap", "", "write segments to `FILE` (pcapng), with comments")
	fs.StringVar(&f.impair, "impair", "", "make the path worse, both ways: `PLAN` such as 'loss=1%,delay=20ms,seed=7'")
	addJSON(cmd, &f.json)
	return cmd
}

// args wants a mode before "--".
func (f *labDriverFlags) args(cmd *cobra.Command, args []string) error {
	own := args
	if n := cmd.ArgsLenAtDash(); n >= 0 {
		own = args[:n]
		if n == len(args) {
			return usagef("missing APP behind --")
		}
	}
	return positional(0, 1, labDriverNames)(cmd, own)
}

func (f *labDriverFlags) run(cmd *cobra.Command, args []string) error {
	mode, app := "all", []string(nil)
	if n := cmd.ArgsLenAtDash(); n >= 0 {
		args, app = args[:n], args[n:]
	}
	if len(args) > 0 {
		mode = args[0]
	}
	cfg, err := f.config(driver.Mode(mode))
	if err != nil {
		return err
	}
	switch mode {
	case "print":
		return f.print(cmd, cfg)
	case "clear", "clean":
		if !f.host {
			return usagef("clear is for --host: a private namespace vanishes by itself")
		}
		if err := needRoot(); err != nil {
			return err
		}
		return driver.Clear()
	}
	start := func() error {
		s := labSession{flags: f, cfg: cfg, app: app, err: cmd.ErrOrStderr()}
		return s.run(cmd.Context())
	}
	if f.host {
		if err := needRoot(); err != nil {
			return err
		}
		return start()
	}
	return isolated(start)
}

// config checks the flags.
func (f *labDriverFlags) config(mode driver.Mode) (driver.Config, error) {
	cfg := driver.Config{Mode: mode, Dirs: f.dirs}
	switch mode {
	case driver.All, driver.Partial, "clear", "clean", "print":
	default:
		return cfg, usagef("unknown mode %q: want %s", mode, labDriverNames)
	}
	switch {
	case f.stack != "sdk" && f.stack != "builtin":
		return cfg, usagef("--stack %s: want sdk or builtin", f.stack)
	case f.stack == "builtin" && len(f.sdks)+len(f.dirs) > 0:
		return cfg, usagef("--stack builtin takes no SDK")
	case f.host && f.netns:
		return cfg, usagef("--host and --netns exclude each other")
	case f.caller != "" && (f.host || f.calls == ""):
		return cfg, usagef("--caller wants --incoming, in a private namespace")
	case f.piece < 1 || f.piece > 65000:
		return cfg, usagef("--piece %d: want 1 to 65000", f.piece)
	}
	cfg.Builtin, cfg.Table.Piece = f.stack == "builtin", f.piece
	if f.calls != "" {
		ports, err := driver.ParsePorts(f.calls)
		if err != nil {
			return cfg, usagef("--incoming %s: %w", f.calls, err)
		}
		cfg.Incoming = ports
	}
	if f.impair != "" {
		plan, err := impair.Parse(f.impair)
		if err != nil {
			return cfg, usagef("--impair: %w", err)
		}
		cfg.Impair = &plan
	}
	return cfg, nil
}

func needRoot() error {
	if os.Geteuid() != 0 {
		return fmt.Errorf("only root may capture connections of this machine: start this with sudo, or without --host in a private namespace")
	}
	return nil
}

// print prints the rules for both modes, and asks the driver of this machine how it is.
func (f *labDriverFlags) print(cmd *cobra.Command, cfg driver.Config) error {
	status, err := driver.Query()
	if f.json {
		if err != nil {
			return err
		}
		return printJSON(cmd.OutOrStdout(), status)
	}
	out := cmd.OutOrStdout()
	cfg.Mode = driver.All
	if len(cfg.Incoming) == 0 {
		cfg.Incoming = status.Incoming
	}
	fmt.Fprint(out, driver.Rules(cfg.Mode, cfg))
	fmt.Fprintf(out, "With partial only SYNs from %s get the mark.\n", driver.PartialPrefix)
	if err != nil {
		fmt.Fprintln(out, "No driver is running on this machine.")
		return nil
	}
	fmt.Fprintf(out, "A driver is running (process %d, %s): SDKs %d, connections %d, captured so far %d and %d incoming.\n",
		status.PID, status.Mode, status.SDKs, status.Conns, status.Counters.Accepted+status.Counters.Carried,
		status.Counters.Called+status.Counters.Answered)
	return nil
}

// openCapture makes the file of --pcap.
func (f *labDriverFlags) openCapture() (*capture.Writer, error) {
	if f.pcap == "" {
		return nil, nil
	}
	return capture.Create(f.pcap, capture.Config{})
}

// shell is what runs in a private namespace if nothing else is asked for.
func shell() []string {
	if s := os.Getenv("SHELL"); strings.HasPrefix(s, "/") {
		return []string{s}
	}
	return []string{"/bin/sh"}
}
