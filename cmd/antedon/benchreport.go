package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/internal/tally"
)

// reportFlags are the flags of bench report.
type reportFlags struct {
	markdown  bool
	svg, into string
	curve     string
	poll      string
}

const reportLong = `Make a table, and pictures, of what bench bulk, rr, crr, core, idle and poll have printed with --json.

--into replaces what a document has between the lines "<!-- begin generated: make bench -->" and "<!-- end generated -->".`

func newBenchReport() *cobra.Command {
	var f reportFlags
	cmd := &cobra.Command{
		Use:   "report FILE...",
		Short: "A table and a picture of what was measured",
		Long:  reportLong,
		Example: "  antedon bench bulk --json >bulk.jsonl; antedon bench rr --json >rr.jsonl\n" +
			"  antedon bench report bulk.jsonl rr.jsonl --svg speed.svg",
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usagef("missing argument: want FILE...")
			}
			return f.run(cmd.OutOrStdout(), args)
		},
	}
	fs := cmd.Flags()
	fs.BoolVar(&f.markdown, "markdown", false, "print the table in Markdown")
	fs.StringVar(&f.svg, "svg", "", "draw the speeds into `FILE`")
	fs.StringVar(&f.curve, "curve", "", "draw what many streams come to into `FILE`")
	fs.StringVar(&f.poll, "poll", "", "draw what waiting costs into `FILE`")
	fs.StringVar(&f.into, "into", "", "put the table into the document `FILE`")
	return cmd
}

func (f *reportFlags) run(out io.Writer, names []string) error {
	r, err := readReport(names)
	if err != nil {
		return err
	}
	if err := errors.Join(draw(f.svg, r.SVG), draw(f.curve, r.CurveSVG), draw(f.poll, r.PollSVG)); err != nil {
		return err
	}
	if f.into != "" {
		if err := spliceInto(f.into, "\n"+machine()+"\n\n"+r.Markdown()+"\n"); err != nil {
			return err
		}
	}
	if f.markdown {
		_, err = io.WriteString(out, r.Markdown())
		return err
	}
	return r.WriteTable(out)
}

// draw writes a picture into a file, if it has a name.
func draw(name string, picture func() (string, error)) error {
	if name == "" {
		return nil
	}
	text, err := picture()
	if err != nil {
		return err
	}
	return os.WriteFile(name, []byte(text), 0o666)
}

// readReport reads files one after the other.
func readReport(names []string) (*tally.Tally, error) {
	r := tally.New()
	for _, name := range names {
		file, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		err = r.Read(file)
		file.Close()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	if r.Empty() {
		return nil, errors.New("there is no summary of bulk, rr, crr, core, idle or poll")
	}
	return r, nil
}

// machine describes the one we are on, which is most likely the one that was measured.
func machine() string {
	release := "?"
	var u unix.Utsname
	if unix.Uname(&u) == nil {
		major, rest, _ := strings.Cut(unix.ByteSliceToString(u.Release[:]), ".")
		minor, _, _ := strings.Cut(rest, ".")
		release = major + "." + minor
	}
	return fmt.Sprintf("Linux %s, %d CPUs, %s. Figures are medians over the rounds; columns of ratios are medians of the ratios in the\n"+
		"same round.", release, runtime.NumCPU(), runtime.Version())
}

// spliceInto puts generated text into a document.
func spliceInto(name, text string) error {
	document, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	whole, err := tally.Splice(string(document), text)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return os.WriteFile(name, []byte(whole), 0o666)
}
