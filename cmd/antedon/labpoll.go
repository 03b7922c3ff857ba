package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/antedon-net/antedon/internal/multiplex"
)

const labPollLong = `Three classic experiments on waiting for many descriptors: what it does, what one would expect, what happened, and why.

  select   select past 1,024 descriptors: whose limit that is
  poll     poll with 15,000 descriptors: what it costs, and where its limit is
  edge     level against edge, when a reader does not take all there is to read

They need no privilege and touch nothing. The exit code is 0 if each has shown what it says.`

// labPollNames are the arguments that it takes.
const labPollNames = "select, poll, edge or all"

func newLabPoll() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "poll [select|poll|edge|all]",
		Short:   "Experiments with select, poll and epoll, explained",
		Long:    labPollLong,
		Example: "  antedon lab poll\n  antedon lab poll edge\n  antedon lab poll all --json",
		Args:    positional(0, 1, labPollNames),
		RunE: func(cmd *cobra.Command, args []string) error {
			list, err := chooseExperiments(args)
			if err != nil {
				return err
			}
			return runExperiments(cmd.OutOrStdout(), list, asJSON)
		},
	}
	addJSON(cmd, &asJSON)
	return cmd
}

// chooseExperiments returns those that are asked for, by default all.
func chooseExperiments(args []string) ([]multiplex.Experiment, error) {
	all := multiplex.Experiments()
	if len(args) == 0 || args[0] == "all" {
		return all, nil
	}
	for _, e := range all {
		if e.Name == args[0] {
			return []multiplex.Experiment{e}, nil
		}
	}
	return nil, usagef("unknown experiment %q: want %s", args[0], labPollNames)
}

// experimentLine is what is told of an experiment with --json.
type experimentLine struct {
	Lab        string                  `json:"lab"`
	Experiment string                  `json:"experiment"`
	Title      string                  `json:"title"`
	OK         bool                    `json:"ok"`
	Seen       []multiplex.Observation `json:"seen"`
	Does       string                  `json:"does"`
	Expect     string                  `json:"expect"`
	Why        string                  `json:"why"`
	Error      string                  `json:"error,omitempty"`
}

// runExperiments makes them one after the other and tells of each.
func runExperiments(out io.Writer, list []multiplex.Experiment, asJSON bool) error {
	var failed []string
	for i := range list {
		e := &list[i]
		o, err := e.Run()
		if err != nil || !o.OK {
			failed = append(failed, e.Name)
		}
		if asJSON {
			err = printJSON(out, experimentLine{
				"poll", e.Name, e.Title, err == nil && o.OK, o.Seen, oneLine(e.Does), oneLine(e.Expect), oneLine(e.Why), errorText(err),
			})
		} else {
			err = printExperiment(out, e, &o, err)
		}
		if err != nil {
			return err
		}
	}
	if len(failed) > 0 {
		return fmt.Errorf("not seen as it should be: %s", strings.Join(failed, ", "))
	}
	return nil
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return describe(err)
}

// oneLine joins lines, but not paragraphs.
func oneLine(text string) string {
	paragraphs := strings.Split(text, "\n\n")
	for i, p := range paragraphs {
		paragraphs[i] = strings.Join(strings.Fields(p), " ")
	}
	return strings.Join(paragraphs, "\n")
}

// printExperiment prints an experiment, and why it could not be made if it could not.
func printExperiment(out io.Writer, e *multiplex.Experiment, o *multiplex.Outcome, failure error) error {
	var b strings.Builder
	fmt.Fprintf(&b, "== %s ==\n\n", e.Title)
	paragraph(&b, "What it does", e.Does)
	paragraph(&b, "What one would expect", e.Expect)
	b.WriteString("What happened\n")
	for _, s := range o.Seen {
		switch {
		case s.Want == "":
			fmt.Fprintf(&b, "  -    %s: %s\n", s.What, s.Got)
		case s.OK:
			fmt.Fprintf(&b, "  ok   %s: %s\n", s.What, s.Got)
		default:
			fmt.Fprintf(&b, "  FAIL %s: %s, and it should be %s\n", s.What, s.Got, s.Want)
		}
	}
	if failure != nil {
		fmt.Fprintf(&b, "  FAIL it came to an end: %s\n", describe(failure))
	}
	b.WriteString("\n")
	paragraph(&b, "Why", e.Why)
	_, err := io.WriteString(out, b.String())
	return err
}

// paragraph prints an indented text below its head.
func paragraph(b *strings.Builder, head, text string) {
	b.WriteString(head + "\n")
	for line := range strings.Lines(text + "\n") {
		if line != "\n" {
			b.WriteString("  ")
		}
		b.WriteString(line)
	}
	b.WriteString("\n")
}
