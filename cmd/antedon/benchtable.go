package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/antedon-net/antedon/internal/bench"
)

// readLossLines reads the summaries among the JSON lines of a file.
func readLossLines(name string) ([]bench.LossLine, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var lines []bench.LossLine
	in := bufio.NewScanner(file)
	for n := 1; in.Scan(); n++ {
		var l bench.LossLine
		if err := json.Unmarshal(in.Bytes(), &l); err != nil || l.Bench != "loss" {
			return nil, fmt.Errorf("%s:%d: not a line of bench loss --json", name, n)
		}
		if l.Round == 0 {
			lines = append(lines, l)
		}
	}
	if err := in.Err(); err != nil {
		return nil, err
	}
	if len(lines) == 0 {
		return nil, fmt.Errorf("%s has no summary of a case", name)
	}
	return lines, nil
}

// describeLossRound puts a round into a line.
func describeLossRound(l *bench.LossLine) string {
	return fmt.Sprintf("%v, %s, seed %d: %.4g Mbit/s, kernel %.4g (x%.3f); retransmitted %d of %d packets, %d spurious; kernel %d of %d, %d",
		l.Cell(), l.Dir, l.Round, l.OwnFigures.Goodput, l.KernelFigures.Goodput, l.Ratio,
		l.OwnFigures.Retransmits, l.OwnFigures.Packets, l.OwnFigures.Spurious,
		l.KernelFigures.Retransmits, l.KernelFigures.Packets, l.KernelFigures.Spurious)
}

var lossHead = []string{
	"RTT ms", "loss %", "reorder %", "dir", "ratio", "from", "to", "spread",
	"Mbit/s", "kernel", "retx %", "kernel", "spurious %", "kernel",
}

// lossRow returns a line's row of the table.
func lossRow(l *bench.LossLine) []string {
	return []string{
		fmt.Sprint(l.RTT), fmt.Sprint(l.Loss), fmt.Sprint(l.Reorder), string(l.Dir),
		fmt.Sprintf("%.2f", l.Ratio), fmt.Sprintf("%.2f", l.MinRatio), fmt.Sprintf("%.2f", l.MaxRatio),
		fmt.Sprintf("%.2f", l.Spread),
		fmt.Sprintf("%.3g", l.OwnFigures.Goodput), fmt.Sprintf("%.3g", l.KernelFigures.Goodput),
		perCent(l.OwnFigures.Retransmits, l.OwnFigures.Packets), perCent(l.KernelFigures.Retransmits, l.KernelFigures.Packets),
		perCent(l.OwnFigures.Spurious, l.OwnFigures.Packets), perCent(l.KernelFigures.Spurious, l.KernelFigures.Packets),
	}
}

func perCent(n, of uint64) string {
	if of == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", 100*float64(n)/float64(of))
}

// printLossTable prints the table of the cases and what it comes to.
func printLossTable(out io.Writer, lines []bench.LossLine, markdown bool) error {
	slices.SortStableFunc(lines, func(a, b bench.LossLine) int {
		return cmp.Or(cmp.Compare(a.RTT, b.RTT), cmp.Compare(a.Loss, b.Loss), cmp.Compare(a.Reorder, b.Reorder),
			cmp.Compare(b.Dir, a.Dir))
	})
	rows := [][]string{lossHead}
	for i := range lines {
		rows = append(rows, lossRow(&lines[i]))
	}
	if err := printTable(out, rows, markdown); err != nil {
		return err
	}
	_, err := io.WriteString(out, "\n"+lossSummary(lines))
	return err
}

// printTable prints rows, of which the first is the head.
func printTable(out io.Writer, rows [][]string, markdown bool) error {
	if markdown {
		for i, r := range rows {
			fmt.Fprintf(out, "| %s |\n", strings.Join(r, " | "))
			if i == 0 {
				fmt.Fprintln(out, "|"+strings.Repeat("--:|", len(r)))
			}
		}
		return nil
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, r := range rows {
		fmt.Fprintln(w, strings.Join(r, "\t")+"\t")
	}
	return w.Flush()
}

// lossSummary says what the cases come to.
func lossSummary(lines []bench.LossLine) string {
	var b strings.Builder
	t := bench.Total(lines)
	fmt.Fprintf(&b, "%d cases: geometric mean of the ratios %.3f, lowest %.3f (%v, %s), %d below 1.0, %d below 0.9.\n",
		len(lines), t.Mean, t.Least.Ratio, t.Least.Cell(), t.Least.Dir, len(t.Below1), t.Below09)
	fmt.Fprintf(&b, "Retransmitted %s %% of the packets, the kernel %s %%; spurious %s %%, the kernel %s %%.\n",
		perCent(t.Own.Retransmits, t.Own.Packets), perCent(t.Kernel.Retransmits, t.Kernel.Packets),
		perCent(t.Own.Spurious, t.Own.Packets), perCent(t.Kernel.Spurious, t.Kernel.Packets))
	fmt.Fprintf(&b, "The paths delivered 99 %% of the packets within %.2f ms of the time planned, the worst (%v, %s) included.\n",
		t.Latest.Late, t.Latest.Cell(), t.Latest.Dir)
	if len(t.Below1) > 0 {
		fmt.Fprintln(&b, "Below 1.0:")
	}
	for _, l := range t.Below1 {
		fmt.Fprintf(&b, "  x%.4f  %v, %s; kernel's spread %.2f\n", l.Ratio, l.Cell(), l.Dir, l.Spread)
	}
	return b.String()
}
