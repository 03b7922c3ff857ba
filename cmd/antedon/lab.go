package main

import (
	"github.com/spf13/cobra"
)

const labNames = "poll"

// newLab is the group of what is there to learn from.
func newLab() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "lab",
		Short:   "Experiments to learn from",
		Long:    "Experiments to learn from: each makes something happen that is mostly known by hearsay, and says why it does.",
		Example: "  antedon lab poll",
		Args:    positional(0, 1, labNames),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usagef("unknown experiment %q: want %s", args[0], labNames)
			}
			return usagef("want %s", labNames)
		},
	}
	cmd.AddCommand(newLabPoll())
	return cmd
}
