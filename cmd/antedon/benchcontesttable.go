package main

import (
	"fmt"
	"io"
	"slices"

	"github.com/antedon-net/antedon/internal/contest"
	"github.com/antedon-net/antedon/internal/workload"
)

// describeContestRound puts a stack's round into a line.
func describeContestRound(l *contest.Line) string {
	head := fmt.Sprintf("%v, %s, round %d: ", l.Case(), l.Stack, l.Round)
	switch {
	case l.Error != "":
		return head + l.Error
	case l.BulkFigures != nil:
		return head + fmt.Sprintf("%.2f Gbit/s (x%.2f), CPU %.3f s/GB, both %.3f, switches/MB %.2f, a byte beside it %.0f µs, 99 %% %.0f",
			l.Gbps, l.Ratio, l.CPU, l.BothCPU, l.Switches, l.EchoP50, l.EchoP99)
	case l.RRFigures != nil:
		return head + fmt.Sprintf("%.1f µs (x%.2f), 99 %% %.1f, 99.9 %% %.1f", l.P50, l.Ratio, l.P99, l.P999)
	}
	return head + fmt.Sprintf("%.0f conn/s (x%.2f)", l.Rate, l.Ratio)
}

// contestHeads are the heads of the tables.
var contestHeads = map[workload.Bench][]string{
	workload.Bulk: {"dir", "streams", "stack", "ratio", "Gbit/s", "CPU s/GB", "both", "switches/MB", "echo µs", "99 %"},
	workload.RR:   {"streams", "stack", "ratio", "p50 µs", "p99 µs", "p99.9 µs"},
	workload.CRR:  {"streams", "stack", "ratio", "conn/s"},
}

// contestRow returns a line's row of the table. A contestant that has no figures has dashes.
func contestRow(l *contest.Line) []string {
	row := []string{fmt.Sprint(l.Streams), string(l.Stack)}
	var figures []string
	switch {
	case l.BulkFigures != nil:
		row = slices.Insert(row, 0, string(l.Dir))
		figures = []string{
			fmt.Sprintf("%.2f", l.Gbps), fmt.Sprintf("%.3f", l.CPU), fmt.Sprintf("%.3f", l.BothCPU), fmt.Sprintf("%.2f", l.Switches),
			fmt.Sprintf("%.0f", l.EchoP50), fmt.Sprintf("%.0f", l.EchoP99),
		}
	case l.RRFigures != nil:
		figures = []string{fmt.Sprintf("%.1f", l.P50), fmt.Sprintf("%.1f", l.P99), fmt.Sprintf("%.1f", l.P999)}
	case l.CRRFigures != nil:
		figures = []string{fmt.Sprintf("%.0f", l.Rate)}
	}
	figures = slices.Insert(figures, 0, fmt.Sprintf("%.2f", l.Ratio))
	if l.Ratio == 0 {
		for i := range figures {
			figures[i] = "-"
		}
	}
	return append(row, figures...)
}

// printContestTable prints the table of the cases, and below it why some did not take part.
func printContestTable(out io.Writer, b workload.Bench, lines []contest.Line, markdown bool) error {
	rows := [][]string{contestHeads[b]}
	var reasons []string
	for i := range lines {
		l := &lines[i]
		rows = append(rows, contestRow(l))
		if reason := fmt.Sprintf("%s: %s", l.Stack, l.Error); l.Error != "" && !slices.Contains(reasons, reason) {
			reasons = append(reasons, reason)
		}
	}
	if err := printTable(out, rows, markdown); err != nil {
		return err
	}
	for _, reason := range reasons {
		if _, err := fmt.Fprintf(out, "\n%s\n", reason); err != nil {
			return err
		}
	}
	return nil
}
