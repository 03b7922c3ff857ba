package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/antedon-net/antedon/internal/bench"
	"github.com/antedon-net/antedon/internal/contest"
	"github.com/antedon-net/antedon/internal/meter"
)

const mostFlood = 1_000_000

func newBenchAccept() *cobra.Command {
	plan := bench.AcceptPlan{Flood: 50_000, Rounds: 3}
	var json bool
	stacks := stackList{contest.Antedon, contest.Kernel}
	lasts := seconds(time.Second)
	cmd := &cobra.Command{
		Use:   "accept",
		Short: "How many connections a second a listener accepts, beside a flood of forged SYNs too",
		Long: "Measure how many connections a second a listener accepts from clients that remember nothing, without and then beside SYNs from\n" +
			"addresses that nobody has. Ours listens behind a device in memory, the kernel behind a TUN device: compare what each keeps.",
		Example: "  antedon bench accept\n  antedon bench accept --flood 200000 --stack antedon --json",
		Args:    positional(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			plan.Time = lasts.Duration()
			switch {
			case plan.Flood < 1 || plan.Flood > mostFlood:
				return usagef("--flood %d: want 1 to %d", plan.Flood, mostFlood)
			case plan.Rounds < 1:
				return usagef("--rounds %d: want at least 1", plan.Rounds)
			case plan.Time < 10*time.Millisecond || plan.Time > 8*time.Second:
				return usagef("--seconds %v: want 0.01 to 8", plan.Time)
			}
			return isolated(func() error { return runBenchAccept(cmd.Context(), cmd.OutOrStdout(), plan, stacks, json) })
		},
	}
	cmd.Flags().Var(&stacks, "stack", "who takes part: antedon, kernel")
	cmd.Flags().Var(&lasts, "seconds", "how long each run is measured, without the flood and beside it")
	cmd.Flags().IntVar(&plan.Flood, "flood", plan.Flood, "forge `N` SYNs a second")
	cmd.Flags().IntVar(&plan.Rounds, "rounds", plan.Rounds, "`N` rounds of each")
	addJSON(cmd, &json)
	return cmd
}

func runBenchAccept(ctx context.Context, out io.Writer, plan bench.AcceptPlan, stacks stackList, json bool) error {
	lines := map[bench.Who]bench.AcceptLine{}
	for _, who := range []bench.Who{bench.Kernel, bench.Antedon} { // the kernel first, for the ratio
		if !slices.Contains(stacks, contest.Stack(who)) {
			continue
		}
		bar := meter.Count(os.Stderr, "bench accept "+string(who), plan.Rounds)
		plan.Who = who
		line, err := plan.Run(ctx, func() { bar.Add(1) })
		bar.Stop()
		if err != nil {
			return orInterrupted(ctx, fmt.Errorf("%s: %w", who, err))
		}
		lines[who] = line
	}
	for _, s := range stacks {
		line, ok := lines[bench.Who(s)]
		if !ok {
			line = bench.AcceptLine{Bench: "accept", Stack: bench.Who(s), Error: "not measured: its program has no such load"}
		} else if k := lines[bench.Kernel].Flooded; k > 0 {
			line.Ratio = line.Flooded / k
		}
		var err error
		if json {
			err = printJSON(out, line)
		} else {
			_, err = fmt.Fprintln(out, line.Describe())
		}
		if err != nil {
			return err
		}
	}
	return nil
}
