package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/antedon-net/antedon/internal/bench"
	"github.com/antedon-net/antedon/internal/contest"
	"github.com/antedon-net/antedon/internal/netlab"
)

const benchNames = "bulk, rr, crr, core, idle, echo, accept, poll, loss, fair or report"

func newBench() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure the stack beside the kernel's own, in private namespaces",
		Long: "Measure the stack beside the kernel's own TCP, in private network namespaces. What is measured, and how, stands\n" +
			"in docs/performance.md.",
		Example: "  antedon bench bulk\n  antedon bench rr --json\n  antedon bench loss",
		Args:    positional(0, 1, benchNames),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usagef("unknown benchmark %q: want %s", args[0], benchNames)
			}
			return usagef("want %s", benchNames)
		},
	}
	cmd.AddCommand(newBenchBulk(), newBenchRR(), newBenchCRR(), newBenchCore(), newBenchIdle(), newBenchEcho(), newBenchAccept(), newBenchPoll(), newBenchLoss(), newBenchFair(), newBenchReport(), newBenchChild())
	return cmd
}

// newBenchChild is what benchmarks start, not people.
func newBenchChild() *cobra.Command {
	return &cobra.Command{
		Use:    contest.ChildCommand[1] + " ROLE",
		Short:  "Take part in a benchmark",
		Hidden: true,
		Args:   positional(1, 1, "ROLE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := contest.Child(cmd.Context(), args[0], os.Stdin, os.Stdout); err != nil {
				fmt.Fprintln(os.Stderr, err) // who started it says what it is about
				return exitCode(exitFailure)
			}
			return nil
		},
	}
}

// isolated runs fn where it may make namespaces.
func isolated(fn func() error) error {
	if code, done, err := netlab.Isolate(); done {
		if err == nil && code != 0 {
			err = exitCode(code)
		}
		return err
	}
	return fn()
}

// inNamespaces runs fn where it may make namespaces, and before everything else on the machine if that may be had.
func inNamespaces(fn func() error) error {
	return isolated(func() error {
		bench.Hurry()
		return fn()
	})
}
