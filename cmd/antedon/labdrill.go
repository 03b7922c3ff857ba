package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/antedon-net/antedon/internal/meter"
	"github.com/antedon-net/antedon/lab/drill"
)

// labDrillFlags are the flags of the command lab drill.
type labDrillFlags struct {
	list bool
	show string
	dir  string
	also []string
	pcap string
	jobs int
	json bool
}

const labDrillLong = `Play packet scripts to a TCP that somebody has written for the lab: start the program CMD, have applications call it, send
it segments, and expect others within so long. A script that fails says at which of its lines, what was expected and seen, by which
sentence of an RFC, and draws the conversation so far as the figures of RFC 9293 do.

FILE is a script, a directory of them (*.drill), or what comes with antedon: a name that --list prints, base (what every TCP
that carries connections has to pass), full (what RFC 9293 asks for beyond that) or all. --show NAME prints one to learn from and to copy.

Of several scripts that fail the first three are explained, and each if it is played by itself. There is no network: antedon is the
driver and the remote end. CMD runs in a box, as with antedon lab grade. Exit code 0 means that every script passed, 1 that one
did not.`

func newLabDrill() *cobra.Command {
	f := labDrillFlags{jobs: 4}
	cmd := &cobra.Command{
		Use:   "drill FILE -- CMD...",
		Short: "Play packet scripts to a TCP that somebody has written",
		Long:  labDrillLong,
		Example: "  antedon lab drill all -- python3 main.py\n" +
			"  antedon lab drill handshake --pcap handshake.pcapng -- python3 main.py\n" +
			"  antedon lab drill --show handshake > mine.drill\n  antedon lab drill mine.drill --dir my-tcp -- ./my-tcp",
		Args: f.check,
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case f.list:
				return listDrills(cmd.OutOrStdout())
			case f.show != "":
				return showDrill(cmd.OutOrStdout(), f.show)
			}
			return isolated(func() error { return f.run(cmd, args) })
		},
	}
	fs := cmd.Flags()
	fs.BoolVar(&f.list, "list", false, "list the scripts that come with antedon")
	fs.StringVar(&f.show, "show", "", "print the script `NAME`")
	fs.StringVar(&f.dir, "dir", ".", "the `DIR` in which CMD runs")
	fs.StringArrayVar(&f.also, "path", nil, "a further `PATH` that the program needs to see; may be repeated")
	fs.StringVar(&f.pcap, "pcap", "", "write all segments to `FILE` (pcapng)")
	fs.IntVar(&f.jobs, "jobs", f.jobs, "how many programs run at a time")
	addJSON(cmd, &f.json)
	return cmd
}

// check checks the arguments.
func (f *labDrillFlags) check(cmd *cobra.Command, args []string) error {
	dash := cmd.ArgsLenAtDash()
	switch {
	case f.list || f.show != "":
		if len(args) > 0 {
			return usagef("unexpected argument %q", args[0])
		}
		return nil
	case dash < 0 || dash == len(args):
		return usagef("want FILE -- CMD")
	case dash != 1:
		return usagef("want one FILE before --")
	case f.jobs < 1:
		return usagef("--jobs %d: want at least 1", f.jobs)
	}
	return nil
}

func listDrills(w io.Writer) error {
	for _, s := range drill.Shipped() {
		if _, err := fmt.Fprintln(w, s.Summary()); err != nil {
			return err
		}
	}
	return nil
}

func showDrill(w io.Writer, name string) error {
	scripts, err := drill.Find(name)
	if err != nil {
		return usageError{err}
	}
	for i, s := range scripts {
		if i > 0 {
			s.Text = "\n" + s.Text
		}
		if _, err := io.WriteString(w, s.Text); err != nil {
			return err
		}
	}
	return nil
}

// explained is how many failures are explained at length: the first ones, of which others may be a consequence.
const explained = 3

// run plays the scripts.
func (f *labDrillFlags) run(cmd *cobra.Command, args []string) error {
	scripts, err := drill.Find(args[0])
	var syntax *drill.SyntaxError
	switch {
	case errors.As(err, &syntax), errors.Is(err, drill.ErrNoScript):
		return usageError{err}
	case err != nil:
		return err
	}
	out := cmd.OutOrStdout()
	file, ok := out.(*os.File)
	colours := ok && meter.IsTerminal(file)
	cfg := drill.Config{Argv: args[1:], Dir: f.dir, Show: f.also, Jobs: f.jobs}
	var printErr error
	failures := 0
	cfg.Progress = func(r *drill.Result) {
		if !r.OK {
			failures++
		}
		switch {
		case f.json:
			printErr = errors.Join(printErr, printJSON(out, r))
		case failures <= explained:
			printErr = errors.Join(printErr, r.WriteText(out, colours))
		default:
			printErr = errors.Join(printErr, r.WriteLine(out, colours))
		}
	}
	results, err := drill.Run(cmd.Context(), cfg, scripts)
	if err != nil {
		return orInterrupted(cmd.Context(), f.explain(cmd, err))
	}
	if f.pcap != "" {
		printErr = errors.Join(printErr, drill.WriteCapture(f.pcap, results))
	}
	if printErr != nil {
		return printErr
	}
	passed, skipped := drill.Count(results)
	if !f.json && len(results) > 1 {
		if _, err := fmt.Fprintf(out, "\n%d of %d passed%s\n", passed, len(results)-skipped, aboutSkipped(skipped)); err != nil {
			return err
		}
	}
	if passed+skipped < len(results) {
		return exitCode(exitFailure)
	}
	return nil
}

func aboutSkipped(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(", %d skipped: the program takes no connections that others open", n)
}

// explain shows what a program printed that cannot be drilled.
func (f *labDrillFlags) explain(cmd *cobra.Command, err error) error {
	var no *drill.NoHello
	if errors.As(err, &no) && no.Output != "" {
		for line := range strings.Lines(no.Output) {
			tell(cmd.ErrOrStderr(), "program: %s", drill.Printable(strings.TrimSuffix(line, "\n")))
		}
	}
	return err
}
