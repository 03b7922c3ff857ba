package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/antedon-net/antedon/internal/bench"
	"github.com/antedon-net/antedon/internal/contest"
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
			return isolated(func() error { return acceptDuel(plan).fight(cmd.Context(), cmd.OutOrStdout(), stacks, json) })
		},
	}
	cmd.Flags().Var(&stacks, "stack", "who takes part: antedon, kernel")
	cmd.Flags().Var(&lasts, "seconds", "how long each run is measured, without the flood and beside it")
	cmd.Flags().IntVar(&plan.Flood, "flood", plan.Flood, "forge `N` SYNs a second")
	cmd.Flags().IntVar(&plan.Rounds, "rounds", plan.Rounds, "`N` rounds of each")
	addJSON(cmd, &json)
	return cmd
}

func acceptDuel(plan bench.AcceptPlan) *duel[bench.AcceptLine] {
	return &duel[bench.AcceptLine]{
		name: "accept", steps: plan.Rounds,
		run: func(ctx context.Context, who bench.Who, progress func()) (bench.AcceptLine, error) {
			if plan.Who = who; who != bench.Antedon && who != bench.Kernel {
				return bench.AcceptLine{}, absence{errors.New("not measured: its program has no such load")}
			}
			return plan.Run(ctx, progress)
		},
		absent: func(who bench.Who, why string) bench.AcceptLine {
			return bench.AcceptLine{Bench: "accept", Stack: who, Error: why}
		},
		compare: func(l *bench.AcceptLine, kernel bench.AcceptLine) {
			if kernel.Flooded > 0 {
				l.Ratio = l.Flooded / kernel.Flooded
			}
		},
	}
}
