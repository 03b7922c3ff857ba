package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

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
			"of the process's resident memory, whichever is more, by the number of connections.",
		Example: "  antedon bench idle\n  antedon bench idle --conns 1000000 --json",
		Args:    positional(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if plan.Conns < 1000 || plan.Conns > mostIdle {
				return usagef("--conns %d: want 1000 to %d", plan.Conns, mostIdle)
			}
			err := runBenchIdle(cmd.Context(), cmd.OutOrStdout(), plan, json)
			return errors.Join(err, stacks.others(cmd.OutOrStdout(), json, "idle", "its memory is not this process's: not measured"))
		},
	}
	cmd.Flags().Var(&stacks, "stack", "who takes part; only antedon can")
	cmd.Flags().IntVar(&plan.Conns, "conns", bench.IdleConns, "hold `N` connections")
	addJSON(cmd, &json)
	return cmd
}

func runBenchIdle(ctx context.Context, out io.Writer, plan bench.IdlePlan, json bool) error {
	bar := meter.Count(os.Stderr, "bench idle", plan.Conns)
	line, err := plan.Run(ctx, func() { bar.Add(1) })
	bar.Stop()
	if err != nil {
		return orInterrupted(ctx, err)
	}
	if json {
		return printJSON(out, line)
	}
	_, err = fmt.Fprintln(out, line.Describe())
	return err
}
