package main

import (
	"github.com/spf13/cobra"

	"github.com/antedon-net/antedon/internal/bench"
	"github.com/antedon-net/antedon/internal/netlab"
)

func newBench() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure the stack beside the kernel's own, in private namespaces",
		Long: "Measure the stack beside the kernel's own TCP, in private network namespaces. What is measured, and how, stands\n" +
			"in docs/performance.md.",
		Example: "  antedon bench loss\n  antedon bench fair",
		Args:    positional(0, 1, "loss or fair"),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usagef("unknown benchmark %q: want loss or fair", args[0])
			}
			return usagef("want loss or fair")
		},
	}
	cmd.AddCommand(newBenchLoss(), newBenchFair())
	return cmd
}

// inNamespaces runs fn where it may make namespaces, and before everything else on the machine if that may be had.
func inNamespaces(fn func() error) error {
	if code, done, err := netlab.Isolate(); done {
		if err == nil && code != 0 {
			err = exitCode(code)
		}
		return err
	}
	bench.Hurry()
	return fn()
}
