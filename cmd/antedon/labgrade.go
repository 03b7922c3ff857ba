package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/antedon-net/antedon/internal/meter"
	"github.com/antedon-net/antedon/lab/grade"
)

// labGradeFlags are the flags of the command lab grade.
type labGradeFlags struct {
	submissions string
	name        string
	dir         string
	out         string
	show        []string
	seed        uint64
	jobs        int
	marksOnly   bool
	json        bool
}

const labGradeLong = `Mark a TCP that somebody has written for the lab: start the program CMD as the SDK of a driver, have applications use it
to talk to the kernel of another network namespace, and judge by what arrives there. There are 80 marks: handshake 20, small
data both ways 30, close 10, receiving and sending 1 to 10 MB 5 each, a page with parallel connections 5, retransmission 5.
Beyond these it looks for flow control, congestion control and more, which bring no marks.

CMD runs in a box: no network, no privileges, a file system that is read-only but for its own /tmp, and limits on all that
it may use. Whatever it starts ends with it. All this needs no root. curl has to be installed.

With --submissions CMD runs once in each directory below DIR, and the result is a line for each (with --json: a JSON line).
With --out the reports are written as HTML too, with the packets drawn and as pcapng, and those of a class as a CSV and a page.`

func newLabGrade() *cobra.Command {
	f := labGradeFlags{seed: 1, jobs: 1}
	cmd := &cobra.Command{
		Use:   "grade -- CMD...",
		Short: "Mark a TCP that somebody has written, and explain the marks",
		Long:  labGradeLong,
		Example: "  antedon lab grade -- python3 main.py\n" +
			"  antedon lab grade --out report --dir my-tcp -- ./my-tcp\n" +
			"  antedon lab grade --submissions class --jobs 4 --out marks -- python3 main.py",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usagef("want CMD behind --")
			}
			if n := cmd.ArgsLenAtDash(); n > 0 {
				return usagef("unexpected %q before --", args[0])
			}
			if f.jobs < 1 {
				return usagef("--jobs %d: want at least 1", f.jobs)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return isolated(func() error { return f.run(cmd, args) })
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&f.submissions, "submissions", "", "mark every directory in `DIR`")
	fs.StringVar(&f.dir, "dir", ".", "the `DIR` in which CMD runs")
	fs.StringVar(&f.name, "name", "", "`NAME` in the report (default: that of the directory)")
	fs.StringVar(&f.out, "out", "", "write HTML reports and captures to `DIR`")
	fs.StringArrayVar(&f.show, "show", nil, "a further `PATH` that the program needs to see; may be repeated")
	fs.Uint64Var(&f.seed, "seed", f.seed, "what data is sent and what is lost follows from this `NUMBER`")
	fs.IntVar(&f.jobs, "jobs", f.jobs, "how many submissions are marked at a time")
	fs.BoolVar(&f.marksOnly, "marks-only", false, "leave out what brings no marks")
	addJSON(cmd, &f.json)
	return cmd
}

func (f *labGradeFlags) config(args []string) grade.Config {
	return grade.Config{Argv: args, Dir: f.dir, Name: f.name, Show: f.show, Seed: f.seed, Out: f.out, MarksOnly: f.marksOnly}
}

func (f *labGradeFlags) run(cmd *cobra.Command, args []string) error {
	if f.out != "" {
		if err := os.MkdirAll(f.out, 0o755); err != nil {
			return err
		}
	}
	if f.submissions != "" {
		return f.class(cmd, args)
	}
	cfg := f.config(args)
	cfg.Progress = progress(cmd.ErrOrStderr())
	r, err := grade.Run(cmd.Context(), cfg)
	if err != nil {
		return orInterrupted(cmd.Context(), err)
	}
	if f.out != "" {
		if err := r.WriteHTML(f.out); err != nil {
			return err
		}
	}
	return f.print(cmd.OutOrStdout(), r)
}

func (f *labGradeFlags) print(out io.Writer, r *grade.Report) error {
	if f.json {
		return printJSON(out, r)
	}
	file, ok := out.(*os.File)
	return r.WriteText(out, ok && meter.IsTerminal(file))
}

// progress shows on a terminal what was marked.
func progress(stderr io.Writer) func(*grade.Mark) {
	file, ok := stderr.(*os.File)
	if !ok || !meter.IsTerminal(file) {
		return nil
	}
	return func(m *grade.Mark) { tell(stderr, "  %s: %s", m.Title, result(m)) }
}

func result(m *grade.Mark) string {
	switch {
	case m.Max > 0:
		return fmt.Sprintf("%d of %d", m.Points, m.Max)
	case m.OK:
		return "yes"
	}
	return "no"
}

// class marks every directory.
func (f *labGradeFlags) class(cmd *cobra.Command, args []string) error {
	class := grade.Class{Config: f.config(args), Dir: f.submissions, Jobs: f.jobs}
	reports, err := class.Run(cmd.Context(), func(r *grade.Report) error {
		if f.json {
			return printJSON(cmd.OutOrStdout(), r)
		}
		_, err := fmt.Fprintln(cmd.OutOrStdout(), r.Summary())
		return err
	})
	if f.out != "" && len(reports) > 0 { // what goes wrong with one does not spoil the page of the others
		err = errors.Join(err, grade.WriteClass(f.out, reports))
	}
	return orInterrupted(cmd.Context(), err)
}
