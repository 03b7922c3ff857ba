package main

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"github.com/antedon-net/antedon/internal/bench"
	"github.com/antedon-net/antedon/internal/contest"
)

// mostIdle is what one address of a listener can tell apart of the clients that there are addresses for.
const mostIdle = 10_000_000

func newBenchIdle() *cobra.Command {
	var plan bench.IdlePlan
	var json bool
	stacks := stackList{contest.Antedon}
	cmd := &cobra.Command{
		Use:   "idle",
		Short: "How much memory a connection takes that does nothing",
		Long: "Measure the memory of connections that are held: accepted by a listener of ours, each after a request of 100 bytes and\n" +
			"an answer of 200, from clients that remember nothing and so take none. \"bytes_per_conn\" is the growth of the heap or\n" +
			"of the process's resident memory, whichever is more, by the number of connections; for the kernel that of its slab.\n" +
			"gVisor's stack holds them in a process of its own, which \"make bench-peers\" builds.",
		Example: "  antedon bench idle\n  antedon bench idle --conns 1000000 --json\n  antedon bench idle --stack antedon,kernel,gvisor",
		Args:    positional(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if plan.Conns < 1000 || plan.Conns > mostIdle {
				return usagef("--conns %d: want 1000 to %d", plan.Conns, mostIdle)
			}
			return isolatedFor(stacks, plan, func() error { return idleDuel(plan).fight(cmd.Context(), cmd.OutOrStdout(), stacks, json) })
		},
	}
	cmd.Flags().Var(&stacks, "stack", "who takes part: antedon, kernel, gvisor, gvisor-default")
	cmd.Flags().IntVar(&plan.Conns, "conns", bench.IdleConns, "hold `N` connections")
	addJSON(cmd, &json)
	return cmd
}

// isolatedFor runs fn where it may make namespaces, if one of the stacks needs that.
func isolatedFor(stacks stackList, plan bench.IdlePlan, fn func() error) error {
	if slices.Contains(stacks, contest.Kernel) {
		_, _ = plan.AllowFiles() // before the namespace, in which nobody may; the kernel's line will say what it came to
		return isolated(fn)
	}
	return fn()
}

// runIdle measures somebody else, in this process or in one of its own.
func runIdle(ctx context.Context, plan bench.IdlePlan, progress func()) (bench.IdleLine, error) {
	if plan.Who == bench.Kernel {
		return plan.Run(ctx, progress)
	}
	path, err := contest.GVisorProgram()
	if err != nil {
		return bench.IdleLine{}, err
	}
	return plan.RunIn(ctx, []string{path, string(plan.Who), "idle"}, progress)
}

func idleDuel(plan bench.IdlePlan) *duel[bench.IdleLine] {
	return &duel[bench.IdleLine]{
		name: "idle", steps: plan.Conns,
		run: func(ctx context.Context, who bench.Who, progress func()) (bench.IdleLine, error) {
			plan.Who = who
			if who == bench.Antedon {
				return plan.Run(ctx, progress)
			}
			line, err := runIdle(ctx, plan, progress)
			if err != nil {
				err = absence{err}
			}
			return line, err
		},
		absent: func(who bench.Who, why string) bench.IdleLine {
			return bench.IdleLine{Bench: "idle", Stack: who, Error: why}
		},
		compare: func(l *bench.IdleLine, kernel bench.IdleLine) {
			if kernel.BytesPerConn > 0 {
				l.Ratio = l.BytesPerConn / kernel.BytesPerConn
			}
		},
	}
}
