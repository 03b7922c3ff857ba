package tally

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

// The stacks of the table, by the names that the lines give them.
var columns = []struct{ stack, name string }{{"antedon", "Antedon"}, {"kernel", "kernel"}, {"gvisor", "gVisor"}}

// figure is a figure of a benchmark.
type figure struct {
	name string
	of   func(*line) float64
	main bool // what the ratio to the kernel is about
}

var figures = map[string][]figure{
	"bulk": {
		{"Gbit/s", func(l *line) float64 { return l.Gbps }, true},
		{"CPU s per GB", func(l *line) float64 { return l.CPU }, false},
		{"context switches per MB", func(l *line) float64 { return l.Switches }, false},
		{"a byte beside it, 99 %, µs", func(l *line) float64 { return l.EchoP99 }, false},
	},
	"rr": {
		{"median, µs (less is better)", func(l *line) float64 { return l.P50 }, true},
		{"99 %, µs", func(l *line) float64 { return l.P99 }, false},
		{"99.9 %, µs", func(l *line) float64 { return l.P999 }, false},
	},
	"crr": {{"per second", func(l *line) float64 { return l.Rate }, true}},
	"core": {
		{"Gbit/s", func(l *line) float64 { return l.Gbps }, false},
		{"times a memmove", func(l *line) float64 { return l.Memmove }, false},
	},
	"idle": {{"bytes (less is better)", func(l *line) float64 { return l.Bytes }, true}},
}

// rows returns the table, its head first; nil if there is none. The last two columns are ratios to the kernel.
func (r *Tally) rows() [][]string {
	if len(r.keys) == 0 {
		return nil
	}
	head := []string{"", ""}
	for _, c := range columns {
		head = append(head, c.name)
	}
	rows := [][]string{append(head, "Antedon ÷ kernel", "gVisor ÷ kernel")}
	for _, k := range r.keys {
		if r.inCurve(k) {
			continue
		}
		for i, f := range figures[k.Bench] {
			row := []string{"", f.name}
			if i == 0 {
				row[0] = k.title()
			}
			rows = append(rows, append(row, r.values(k, f)...))
		}
	}
	return rows
}

// none stands for what was not measured.
const none = "–"

// values returns a figure of each stack, and the ratios.
func (r *Tally) values(k key, f figure) []string {
	var values, ratios []string
	for _, c := range columns {
		value, ratio := none, none
		if l := r.lines[k][c.stack]; l != nil {
			value = digits(f.of(l))
			if f.main && l.Ratio > 0 {
				ratio = fmt.Sprintf("x%.2f", l.Ratio)
			}
		}
		values = append(values, value)
		if c.stack != "kernel" {
			ratios = append(ratios, ratio)
		}
	}
	return append(values, ratios...)
}

// digits returns x with three significant digits, or as a whole number.
func digits(x float64) string {
	switch {
	case x >= 100:
		return strconv.FormatFloat(x, 'f', 0, 64)
	case x >= 10:
		return strconv.FormatFloat(x, 'f', 1, 64)
	case x >= 1:
		return strconv.FormatFloat(x, 'f', 2, 64)
	}
	return strconv.FormatFloat(x, 'f', 3, 64)
}

// WriteTable writes the tables for a terminal: the cases, the curves, what waiting costs.
func (r *Tally) WriteTable(w io.Writer) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range slices.Concat(r.rows(), r.curveRows(), r.polls.rows()) {
		if _, err := fmt.Fprintln(tw, strings.Join(row, "\t")); err != nil {
			return err
		}
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	_, err := io.WriteString(w, r.polls.notes())
	return err
}

// Markdown returns the same in Markdown.
func (r *Tally) Markdown() string {
	var text string
	if rows := r.rows(); rows != nil {
		text = markdown(rows)
	}
	if curves := r.curveRows(); curves != nil {
		text += "\nStreams as fast as they go, and how long a byte takes there and back beside them:\n\n" + markdown(curves)
	}
	if polls := r.polls.rows(); polls != nil {
		text += "\nWaiting for descriptors, of which some are ready:\n\n" + markdown(polls) + strings.Replace(r.polls.notes(), "*", "\\*", 1)
	}
	return text
}

func markdown(rows [][]string) string {
	var b strings.Builder
	for i, row := range rows {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(row, " | "))
		if i == 0 {
			b.WriteString("|---|---|" + strings.Repeat("--:|", len(row)-2) + "\n")
		}
	}
	return b.String()
}

// What generated text stands between in a document.
const (
	begin = "<!-- begin generated: make bench -->\n"
	end   = "<!-- end generated -->\n"
)

// Splice returns a document with the text between its markers replaced.
func Splice(document, text string) (string, error) {
	before, rest, ok := strings.Cut(document, begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		return "", fmt.Errorf("there is no %q with %q after it", strings.TrimSpace(begin), strings.TrimSpace(end))
	}
	return before + begin + text + end + after, nil
}
