package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/antedon-net/antedon/internal/meter"
	"github.com/antedon-net/antedon/internal/multiplex"
	"github.com/antedon-net/antedon/internal/tally"
)

// pollFlags are the flags of bench poll.
type pollFlags struct {
	fds     descriptors
	active  shares
	pollers pollerList
	seconds seconds
	rounds  int
	profile string
	svg     string

	json, each, markdown bool
}

const benchPollLong = `Measure what it costs the event loop (package reactor) to wait for many descriptors with select, poll, and epoll level-triggered
and edge-triggered: microseconds for a wake-up, that is a turn of the loop, and nanoseconds for each descriptor it tells of.
The descriptors are unix sockets; writing to them and reading from them is not measured, it costs the same with all. "ratio" is
that of the time for an event to level-triggered epoll's in the same round. Beyond 1,024 descriptors select is given longer
bitmaps than libc has, and marked ("wide"). It raises RLIMIT_NOFILE as far as it may, and says what the machine does not allow.`

func newBenchPoll() *cobra.Command {
	f := pollFlags{
		active: multiplex.DefaultActive, pollers: multiplex.Pollers, rounds: multiplex.DefaultRounds,
		seconds: seconds(multiplex.DefaultTime),
	}
	cmd := &cobra.Command{
		Use:     "poll",
		Short:   "What it costs to wait for many descriptors: select, poll and epoll",
		Long:    benchPollLong,
		Example: "  antedon bench poll\n  antedon bench poll --fds 100,20000 --active 1,50% --poller poll,epoll-lt --svg poll.svg",
		Args:    positional(0, 0, ""),
		RunE:    func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context(), cmd.OutOrStdout()) },
	}
	fs := cmd.Flags()
	fs.Var(&f.fds, "fds", "how many descriptors are watched (default 10,100,1000,10000,50000)")
	fs.Var(&f.active, "active", "how many of them are ready at a time, or what part of them")
	fs.Var(&f.pollers, "poller", "who takes part: select, poll, epoll-lt, epoll-et")
	fs.Var(&f.seconds, "seconds", "how long each case is measured in each round")
	fs.IntVar(&f.rounds, "rounds", f.rounds, "`N` rounds of each case")
	fs.StringVar(&f.profile, "profile", "", "write a CPU profile (pprof) of each case and round to `DIR`")
	fs.StringVar(&f.svg, "svg", "", "draw the times into `FILE`")
	fs.BoolVar(&f.each, "each", false, "tell of every round too")
	fs.BoolVar(&f.markdown, "markdown", false, "print the table in Markdown")
	addJSON(cmd, &f.json)
	return cmd
}

func (f *pollFlags) run(ctx context.Context, out io.Writer) error {
	switch {
	case f.json && f.markdown:
		return usagef("--json and --markdown exclude each other")
	case f.rounds < 1:
		return usagef("--rounds %d: want at least 1", f.rounds)
	case f.seconds.Duration() < time.Millisecond || f.seconds.Duration() > 10*time.Second:
		return usagef("--seconds %v: want 0.001 to 10", f.seconds.Duration())
	}
	if f.profile != "" {
		if err := os.MkdirAll(f.profile, 0o777); err != nil {
			return err
		}
	}
	return f.measure(ctx, out, multiplex.Plan{
		FDs: f.fds, Active: f.active, Pollers: f.pollers, Rounds: f.rounds, Time: f.seconds.Duration(), Profile: f.profile,
	})
}

// measure makes the rounds and tells of them.
func (f *pollFlags) measure(ctx context.Context, out io.Writer, plan multiplex.Plan) error {
	bar := meter.Count(os.Stderr, "bench poll", plan.Steps())
	var summaries bytes.Buffer // in JSON, for the table
	var failed error
	err := plan.Run(ctx, func() { bar.Add(1) }, func(l multiplex.Line) {
		if l.Round == 0 {
			failed = errors.Join(failed, printJSON(&summaries, l))
		} else if !f.each {
			return
		}
		switch {
		case f.json:
			failed = errors.Join(failed, printJSON(out, l))
		case l.Round > 0:
			bar.Hide()
			_, err := fmt.Fprintln(out, l.Describe())
			failed = errors.Join(failed, err)
		}
	})
	bar.Stop()
	if err = errors.Join(err, failed); err != nil {
		return orInterrupted(ctx, err)
	}
	return f.show(out, &summaries)
}

// show prints the table and draws the picture. It fails if the machine allowed nothing at all.
func (f *pollFlags) show(out io.Writer, summaries io.Reader) error {
	t := tally.New()
	if err := t.Read(summaries); err != nil {
		return err
	}
	if err := t.CheckPolls(); err != nil {
		return err
	}
	if err := draw(f.svg, t.PollSVG); err != nil {
		return err
	}
	switch {
	case f.json:
		return nil
	case f.markdown:
		_, err := io.WriteString(out, t.Markdown())
		return err
	}
	return t.WriteTable(out)
}

// mostDescriptors is what no process has open.
const mostDescriptors = 1_000_000

// descriptors is a flag that takes a list of numbers of descriptors.
type descriptors []int

// Set parses s.
func (v *descriptors) Set(s string) error {
	list, err := parseCounts(s, mostDescriptors)
	if err == nil {
		slices.Sort(list)
		*v = list
	}
	return err
}

// String returns the list as it may be given.
func (v *descriptors) String() string { return (*counts)(v).String() }

// Type names the value in help texts.
func (*descriptors) Type() string { return "N,..." }

// shares is a flag that takes a list of numbers and percentages.
type shares []multiplex.Share

// Set parses s.
func (v *shares) Set(s string) error {
	var list []multiplex.Share
	for part := range strings.SplitSeq(s, ",") {
		share, err := multiplex.ParseShare(strings.TrimSpace(part))
		if err != nil {
			return err
		}
		list = append(list, share)
	}
	*v = list
	return nil
}

// String returns the list as it may be given.
func (v *shares) String() string {
	parts := make([]string, len(*v))
	for i, s := range *v {
		parts[i] = s.String()
	}
	return strings.Join(parts, ",")
}

// Type names the value in help texts.
func (*shares) Type() string { return "N|PERCENT,..." }

// pollerList is a flag that takes a list of pollers.
type pollerList []multiplex.Poller

// Set parses s.
func (v *pollerList) Set(s string) (err error) {
	*v, err = multiplex.ParsePollers(s)
	return err
}

// String returns the list as it may be given.
func (v *pollerList) String() string { return multiplex.Join(*v) }

// Type names the value in help texts.
func (*pollerList) Type() string { return "POLLER,..." }
