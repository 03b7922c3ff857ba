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

func newBenchCore() *cobra.Command {
	var plan bench.CorePlan
	var json, each bool
	stacks := stackList{contest.Antedon}
	megabytes := bench.CoreBytes / 1_000_000
	cmd := &cobra.Command{
		Use:   "core",
		Short: "How fast TCP itself is: two connections in memory",
		Long: "Measure two connections of ours that exchange segments in memory, MSS 1460, without device, kernel or clock: 100 MB\n" +
			"of random bytes, compared in the end; once in order, once with each batch of segments reversed. \"memmove_ratio\"\n" +
			"compares with copying the same bytes once. Figures are medians over the rounds.",
		Example: "  antedon bench core\n  antedon bench core --wire --json",
		Args:    positional(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if plan.Rounds < 1 {
				return usagef("--rounds %d: want at least 1", plan.Rounds)
			}
			if megabytes < 1 || megabytes > 10_000 {
				return usagef("--megabytes %d: want 1 to 10000", megabytes)
			}
			plan.Bytes = megabytes * 1_000_000
			err := runBenchCore(cmd.Context(), cmd.OutOrStdout(), plan, json, each)
			return errors.Join(err, stacks.others(cmd.OutOrStdout(), json, "core", "only TCP itself takes part, and only ours can be had without a host"))
		},
	}
	fs := cmd.Flags()
	fs.Var(&stacks, "stack", "who takes part; only antedon can")
	fs.BoolVar(&plan.Wire, "wire", false, "write and read headers, and compute and check checksums, too")
	fs.IntVar(&plan.Rounds, "rounds", bench.CoreRounds, "`N` rounds of each order")
	fs.IntVar(&megabytes, "megabytes", megabytes, "move `N` times 10⁶ bytes in each round")
	fs.BoolVar(&each, "each", false, "tell of every round too")
	addJSON(cmd, &json)
	return cmd
}

func runBenchCore(ctx context.Context, out io.Writer, plan bench.CorePlan, json, each bool) error {
	bar := meter.Count(os.Stderr, "bench core", 2*plan.Rounds)
	var failed error
	err := plan.Run(ctx, func(l bench.CoreLine) {
		if l.Round > 0 {
			bar.Add(1)
			if !each {
				return
			}
		}
		bar.Hide()
		failed = errors.Join(failed, tellLine(out, l, json))
	})
	bar.Stop()
	return errors.Join(orInterrupted(ctx, err), failed)
}

// others says of the contestants on the list that are not ours why they take no part.
func (v stackList) others(out io.Writer, json bool, name, why string) error {
	var failed error
	for _, s := range v {
		if s == contest.Antedon {
			continue
		}
		var err error
		if json {
			err = printJSON(out, map[string]any{"bench": name, "stack": s, "streams": 0, "ratio": 0, "error": why})
		} else {
			_, err = fmt.Fprintf(out, "%s: %s\n", s, why)
		}
		failed = errors.Join(failed, err)
	}
	return failed
}
