package main

import (
	"github.com/spf13/cobra"
)

const labNames = "drill, driver, grade, new or poll"

// newLab is the group of what is there to learn from.
func newLab() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "lab",
		Short: "Write a TCP of your own; experiments to learn from",
		Long: "To learn from: new makes a directory in which to write a TCP of your own, driver has it carry the connections of real\n" +
			"programs, drill sends it single segments, grade marks it. The experiments of poll each make something happen that is mostly known by hearsay, and say why it does.",
		Example: "  antedon lab new go my-tcp\n  antedon lab driver --sdk 'python3 main.py' -- curl http://10.7.0.2/\n  antedon lab poll",
		Args:    positional(0, 1, labNames),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usagef("unknown command %q: want %s", args[0], labNames)
			}
			return usagef("want %s", labNames)
		},
	}
	cmd.AddCommand(newLabDrill(), newLabDriver(), newLabGrade(), newLabNew(), newLabPoll())
	return cmd
}
