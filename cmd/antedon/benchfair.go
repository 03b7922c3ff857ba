package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/antedon-net/antedon/internal/bench"
	"github.com/antedon-net/antedon/internal/meter"
)

// fairFlags are the flags of bench fair.
type fairFlags struct {
	rtt     times
	queue   multiples
	cc      ccFlags
	rate    rate
	seconds seconds
	rounds  int

	parallel int

	json, each, markdown bool
}

const fairLong = `Measure how flows share a bottleneck: one of ours beside one of the kernel's, and eight of ours. Each run stands beside
one in which kernel flows take our place. The bottleneck has tail drop and loses nothing else; a kernel receives all flows,
which begin at the same moment. The rate is one at which two flows of CUBIC come to terms within the 30 seconds.

"share" is what part of all the goodput the first flow got, which is ours; Jain's index is 1 if all flows got the same.
The four bottlenecks take 6 minutes.`

func newBenchFair() *cobra.Command {
	f := fairFlags{rtt: bench.FairRTT, queue: bench.FairQueue, rate: 20e6, seconds: seconds(30 * time.Second), rounds: 3, parallel: 4}
	cmd := &cobra.Command{
		Use:     "fair",
		Short:   "How flows share a bottleneck, ours beside the kernel's",
		Long:    fairLong,
		Example: "  antedon bench fair\n  antedon bench fair --rtt 20 --queue 0.25 --seconds 10 --json",
		Args:    positional(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.json && f.markdown {
				return usagef("--json and --markdown exclude each other")
			}
			plan, err := f.plan()
			if err != nil {
				return err
			}
			return inNamespaces(func() error { return f.measure(cmd.Context(), cmd.OutOrStdout(), plan) })
		},
	}
	fs := cmd.Flags()
	fs.Var(&f.rtt, "rtt", "round trip without queues")
	fs.Var(&f.queue, "queue", "length of the queue, in bandwidth-delay products")
	f.cc.register(cmd)
	fs.Var(&f.rate, "rate", "rate of the link")
	fs.Var(&f.seconds, "seconds", "how long a run lasts")
	fs.IntVar(&f.rounds, "rounds", f.rounds, "`N` runs of each kind, of which the median counts")
	fs.IntVar(&f.parallel, "parallel", f.parallel, "at most `N` rounds at once")
	fs.BoolVar(&f.each, "each", false, "tell of every round too")
	fs.BoolVar(&f.markdown, "markdown", false, "print the table in Markdown")
	addJSON(cmd, &f.json)
	return cmd
}

func (f *fairFlags) plan() (*bench.FairPlan, error) {
	switch {
	case f.rounds < 1:
		return nil, usagef("--rounds %d: want at least 1", f.rounds)
	case f.parallel < 1:
		return nil, usagef("--parallel %d: want at least 1", f.parallel)
	case f.seconds.Duration() < 100*time.Millisecond:
		return nil, usagef("--seconds %v: want at least 0.1", f.seconds.Duration())
	}
	cc, err := f.cc.algorithms()
	if err != nil {
		return nil, err
	}
	return &bench.FairPlan{
		Cases: bench.FairCases(f.rtt, f.queue), CC: cc,
		Rate: int64(f.rate), Duration: f.seconds.Duration(), Rounds: f.rounds, Parallel: f.parallel,
	}, nil
}

// measure makes the rounds and tells of them.
func (f *fairFlags) measure(ctx context.Context, out io.Writer, plan *bench.FairPlan) error {
	bar := meter.Count(os.Stderr, "bench fair", len(plan.Cases)*plan.Rounds)
	var lines []bench.FairLine
	rounds := make(map[string][]bench.FairRound)
	var failed error
	print := func(l bench.FairLine) {
		if f.json {
			failed = errors.Join(failed, printJSON(out, l))
		} else if l.Round != 0 {
			bar.Hide()
			_, err := fmt.Fprintln(out, describeFairRound(&l))
			failed = errors.Join(failed, err)
		}
	}
	err := plan.Run(ctx, func(r bench.FairRound) {
		bar.Add(1)
		if f.each {
			print(plan.Each(r))
		}
		key := r.Case.String()
		if rounds[key] = append(rounds[key], r); len(rounds[key]) == plan.Rounds {
			l := plan.Summarise(rounds[key])
			print(l)
			lines = append(lines, l)
		}
	})
	bar.Stop()
	if err != nil {
		return orInterrupted(ctx, err)
	}
	if !f.json {
		failed = errors.Join(failed, printFairTable(out, lines, f.markdown))
	}
	for _, l := range lines {
		if l.Error != "" && failed == nil {
			failed = fmt.Errorf("RTT %g ms, queue %g BDP: a flow ended early: %s", l.RTT, l.Queue, l.Error)
		}
	}
	return failed
}

// flowsOf names the flows of a case.
func flowsOf(l *bench.FairLine) string {
	if len(l.Flows) == 2 {
		return fmt.Sprintf("%s, %s", l.Flows[0], l.Flows[1])
	}
	return fmt.Sprintf("%d %s", len(l.Flows), l.Flows[0])
}

func describeFairRound(l *bench.FairLine) string {
	return fmt.Sprintf("RTT %g ms, queue %g BDP, %s, round %d: %.4g Mbit/s, Jain %.3f; kernel %.4g, %.3f",
		l.RTT, l.Queue, flowsOf(l), l.Round, l.OwnShares.Goodput, l.OwnShares.Jain, l.KernelShares.Goodput, l.KernelShares.Jain)
}

var fairHead = []string{
	"RTT ms", "queue", "flows", "share %", "kernel", "Jain", "kernel", "ratio", "wait ms", "kernel", "loss %", "kernel", "spurious", "kernel",
}

// printFairTable prints the table of the cases.
func printFairTable(out io.Writer, lines []bench.FairLine, markdown bool) error {
	slices.SortStableFunc(lines, func(a, b bench.FairLine) int {
		return cmp.Or(cmp.Compare(a.RTT, b.RTT), cmp.Compare(b.Queue, a.Queue), cmp.Compare(len(a.Flows), len(b.Flows)))
	})
	rows := [][]string{fairHead}
	for i := range lines {
		l := &lines[i]
		o, k := &l.OwnShares, &l.KernelShares
		rows = append(rows, []string{
			fmt.Sprint(l.RTT), fmt.Sprint(l.Queue), flowsOf(l),
			fmt.Sprintf("%.1f", 100*o.Share), fmt.Sprintf("%.1f", 100*k.Share),
			fmt.Sprintf("%.3f", o.Jain), fmt.Sprintf("%.3f", k.Jain), fmt.Sprintf("%.2f", l.Ratio),
			fmt.Sprintf("%.2f", o.Wait), fmt.Sprintf("%.2f", k.Wait), fmt.Sprintf("%.3f", o.Loss), fmt.Sprintf("%.3f", k.Loss),
			fmt.Sprint(o.Spurious), fmt.Sprint(k.Spurious),
		})
	}
	return printTable(out, rows, markdown)
}
