package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/antedon-net/antedon/internal/bench"
	"github.com/antedon-net/antedon/internal/contest"
	"github.com/antedon-net/antedon/internal/meter"
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
			"of the process's resident memory, whichever is more, by the number of connections; for the kernel that of its slab.",
		Example: "  antedon bench idle\n  antedon bench idle --conns 1000000 --json",
		Args:    positional(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if plan.Conns < 1000 || plan.Conns > mostIdle {
				return usagef("--conns %d: want 1000 to %d", plan.Conns, mostIdle)
			}
			return isolatedFor(stacks, plan, func() error { return runBenchIdle(cmd.Context(), cmd.OutOrStdout(), plan, stacks, json) })
		},
	}
	cmd.Flags().Var(&stacks, "stack", "who takes part: antedon, kernel")
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

func runBenchIdle(ctx context.Context, out io.Writer, plan bench.IdlePlan, stacks stackList, json bool) error {
	lines := map[bench.Who]bench.IdleLine{}
	for _, who := range []bench.Who{bench.Kernel, bench.Antedon} { // the kernel first, for the ratio
		if !slices.Contains(stacks, contest.Stack(who)) {
			continue
		}
		bar := meter.Count(os.Stderr, "bench idle "+string(who), plan.Conns)
		plan.Who = who
		line, err := plan.Run(ctx, func() { bar.Add(1) })
		bar.Stop()
		switch {
		case err == nil:
			lines[who] = line
		case who == bench.Kernel && ctx.Err() == nil:
			lines[who] = bench.IdleLine{Bench: "idle", Stack: who, Error: err.Error()}
		default:
			return orInterrupted(ctx, err)
		}
	}
	for _, s := range stacks {
		who := bench.Who(s)
		line, ok := lines[who]
		if !ok {
			line = bench.IdleLine{Bench: "idle", Stack: who, Error: "not measured: its program has no such load"}
		} else if k := lines[bench.Kernel].BytesPerConn; k > 0 {
			line.Ratio = line.BytesPerConn / k
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
