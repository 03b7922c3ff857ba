package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/antedon-net/antedon/internal/contest"
	"github.com/antedon-net/antedon/internal/meter"
	"github.com/antedon-net/antedon/internal/workload"
)

// contestFlags are the flags of bench bulk, rr and crr.
type contestFlags struct {
	bench   workload.Bench
	stacks  stackList
	streams counts
	seconds seconds
	rounds  int
	profile string
	dir     string // of bulk
	api     string // of rr

	mtu             int
	ipv6, noOffload bool

	json, each, markdown bool
}

const contestLong = `

A round is one run of each stack, one after the other, each in new namespaces: the kernel's own TCP over a pair of veths with
all offloads, the others over a TUN device with a kernel behind it. Figures are medians over the rounds; "ratio" is the median
of the ratios to the kernel in the same round, and the one to trust. The kernel's sockets use CUBIC.`

func newBenchBulk() *cobra.Command {
	f := contestFlags{bench: workload.Bulk, streams: counts{1, 16}, rounds: 5, seconds: seconds(1500 * time.Millisecond)}
	cmd := f.command("How fast streams are, beside the kernel's and gVisor's",
		"Measure streams to a kernel (send) and from one (recv).",
		"  antedon bench bulk\n  antedon bench bulk --stack antedon,kernel --dir send --streams 1 --rounds 3 --profile profiles")
	cmd.Flags().StringVar(&f.dir, "dir", "both", "`DIRECTION` of the data: send, recv or both")
	return cmd
}

// newBenchRR makes many short rounds: whether the two processes share a CPU decides a run, for every stack, and changes by chance.
func newBenchRR() *cobra.Command {
	f := contestFlags{bench: workload.RR, streams: counts{1}, rounds: 15, seconds: seconds(500 * time.Millisecond)}
	cmd := f.command("How long a byte takes to a kernel and back, beside the kernel's and gVisor's",
		"Measure round trips of one byte through a connection. The ratio is that of the medians: less is better.",
		"  antedon bench rr\n  antedon bench rr --stack antedon,kernel --seconds 5 --json\n  antedon bench rr --api reactor")
	cmd.Flags().StringVar(&f.api, "api", string(workload.Net),
		"which `API` of ours to measure: net (goroutines that wait) or reactor (callbacks of an event loop)")
	return cmd
}

func newBenchCRR() *cobra.Command {
	f := contestFlags{bench: workload.CRR, streams: counts{1, 16}, rounds: 5, seconds: seconds(1500 * time.Millisecond)}
	return f.command("How many connections a second, beside the kernel's and gVisor's",
		"Measure how many connections a second can be opened to a kernel that closes them at once, one at a time and 16.",
		"  antedon bench crr\n  antedon bench crr --streams 64 --stack antedon,kernel --each")
}

// command returns the command with the flags that all have.
func (f *contestFlags) command(short, long, example string) *cobra.Command {
	f.stacks = contest.DefaultStacks
	cmd := &cobra.Command{
		Use:     string(f.bench),
		Short:   short,
		Long:    long + contestLong,
		Example: example,
		Args:    positional(0, 0, ""),
		RunE:    func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	fs := cmd.Flags()
	fs.Var(&f.stacks, "stack", "who takes part: antedon, kernel, gvisor, gvisor-default")
	fs.Var(&f.streams, "streams", "connections at a time")
	fs.Var(&f.seconds, "seconds", "how long each run is measured")
	fs.IntVar(&f.rounds, "rounds", f.rounds, "`N` rounds of each case")
	fs.StringVar(&f.profile, "profile", "", "write a CPU profile (pprof) of each run's contestant to `DIR`")
	fs.IntVar(&f.mtu, "mtu", 0, "MTU of the links, in `BYTES` (default 1500)")
	fs.BoolVar(&f.ipv6, "ipv6", false, "IPv6 instead of IPv4")
	fs.BoolVar(&f.noOffload, "no-offload", false, "plain TUN devices without segmentation and checksum offload; the kernel keeps its own")
	fs.BoolVar(&f.each, "each", false, "tell of every round too")
	fs.BoolVar(&f.markdown, "markdown", false, "print the table in Markdown")
	addJSON(cmd, &f.json)
	return cmd
}

func (f *contestFlags) run(cmd *cobra.Command) error {
	plan, err := f.plan()
	if err == nil && f.profile != "" {
		err = os.MkdirAll(f.profile, 0o777)
	}
	if err != nil {
		return err
	}
	return isolated(func() error { return f.measure(cmd.Context(), cmd.OutOrStdout(), plan) })
}

// plan returns what the flags ask for.
func (f *contestFlags) plan() (*contest.Plan, error) {
	var dirs []workload.Dir
	if f.bench == workload.Bulk {
		dirs = map[string][]workload.Dir{
			"both": {workload.Send, workload.Recv}, "send": {workload.Send}, "recv": {workload.Recv},
		}[f.dir]
		if dirs == nil {
			return nil, usagef("--dir %s: want send, recv or both", f.dir)
		}
	}
	switch {
	case f.json && f.markdown:
		return nil, usagef("--json and --markdown exclude each other")
	case f.rounds < 1:
		return nil, usagef("--rounds %d: want at least 1", f.rounds)
	case f.seconds.Duration() < 10*time.Millisecond:
		return nil, usagef("--seconds %v: want at least 0.01", f.seconds.Duration())
	case f.mtu != 0 && (f.mtu < 1280 || f.mtu > 65535):
		return nil, usagef("--mtu %d: want 1280 to 65535", f.mtu)
	case f.bench == workload.RR && f.api != string(workload.Net) && f.api != string(workload.Reactor):
		return nil, usagef("--api %s: want net or reactor", f.api)
	}
	return &contest.Plan{
		Cases: contest.Cases(f.bench, dirs, f.streams), Stacks: f.stacks, Rounds: f.rounds, Time: f.seconds.Duration(),
		Profile: f.profile, API: workload.API(f.api), MTU: f.mtu, IPv6: f.ipv6, NoOffload: f.noOffload,
	}, nil
}

// measure makes the rounds and tells of them.
func (f *contestFlags) measure(ctx context.Context, out io.Writer, plan *contest.Plan) error {
	t := &contestTeller{f: f, out: out, bar: meter.Count(os.Stderr, "bench "+string(f.bench), plan.Steps())}
	rounds := make(map[contest.Case][]contest.Round)
	var failed error
	err := plan.Run(ctx, func() { t.bar.Add(1) }, func(r contest.Round) {
		if f.each {
			t.tell(plan.Each(r))
		}
		failed = cmp.Or(failed, r.Failure())
		if rounds[r.Case] = append(rounds[r.Case], r); len(rounds[r.Case]) == plan.Rounds {
			t.tell(plan.Summarise(rounds[r.Case]))
		}
	})
	t.bar.Stop()
	if err != nil {
		return orInterrupted(ctx, err)
	}
	if !f.json {
		t.err = errors.Join(t.err, printContestTable(out, f.bench, t.summaries, f.markdown))
	}
	return cmp.Or(t.err, failed)
}

// contestTeller prints what there is to tell as it comes, and keeps the summaries for the table.
type contestTeller struct {
	f         *contestFlags
	out       io.Writer
	bar       *meter.Counter
	summaries []contest.Line
	err       error // of printing
}

func (t *contestTeller) tell(lines []contest.Line) {
	for i := range lines {
		l := &lines[i]
		switch {
		case t.f.json:
			t.err = errors.Join(t.err, printJSON(t.out, l))
		case l.Round == 0:
			t.summaries = append(t.summaries, *l)
		default:
			t.bar.Hide()
			_, err := fmt.Fprintln(t.out, describeContestRound(l))
			t.err = errors.Join(t.err, err)
		}
	}
}

// stackList is a flag that takes a list of contestants.
type stackList []contest.Stack

// Set parses s.
func (v *stackList) Set(s string) (err error) {
	*v, err = contest.ParseStacks(s)
	return err
}

// String returns the list as it may be given.
func (v *stackList) String() string { return contest.JoinStacks(*v) }

// Type names the value in help texts.
func (*stackList) Type() string { return "STACK,..." }

// mostStreams is more than any machine that this runs on can serve at full speed.
const mostStreams = 20000

// counts is a flag that takes a list of numbers of streams.
type counts []int

// Set parses s.
func (v *counts) Set(s string) error {
	list, err := parseCounts(s, mostStreams)
	if err == nil {
		*v = list
	}
	return err
}

// String returns the list as it may be given.
func (v *counts) String() string {
	parts := make([]string, len(*v))
	for i, n := range *v {
		parts[i] = strconv.Itoa(n)
	}
	return strings.Join(parts, ",")
}

// Type names the value in help texts.
func (*counts) Type() string { return "N,..." }
