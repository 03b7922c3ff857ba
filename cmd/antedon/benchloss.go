package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/antedon-net/antedon/internal/bench"
	"github.com/antedon-net/antedon/internal/meter"
)

// lossFlags are the flags of bench loss.
type lossFlags struct {
	loss, reorder percents
	rtt           times
	seeds         seedRange
	full          bool
	dir           string
	cc            ccFlags

	rate     rate
	queue    int
	seconds  seconds
	parallel int
	once     bool
	pcap     string

	json, each, markdown bool
	from                 string
}

// How many seeds a grid has, and how long its transfers last at least.
const (
	shortSeeds = 3
	fullSeeds  = 5

	shortSeconds = seconds(1500 * time.Millisecond)
	fullSeconds  = seconds(3 * time.Second)
)

const lossLong = `Measure goodput on bad paths, as a ratio to the kernel's. Four transfers share each path and its chance: kernel to
kernel twice, ours to a kernel (send), and a kernel to ours (recv). The path is a link of limited rate with a queue of one
bandwidth-delay product, or 100 packets if that is more; both directions lose, delay and reorder packets of MTU 1500.

A cell is a combination of loss, round trip and reordering. Its figures are medians over the seeds. "spread" is how far
apart two of the kernel's own transfers with the same seed lie: a ratio nearer to 1 says nothing. Retransmissions are
counted on the wire, the same way for both; spurious ones repeat only what had not been lost.

The short grid takes about 9 minutes, the full one about 35.`

func newBenchLoss() *cobra.Command {
	f := lossFlags{seeds: seedRange{1, shortSeeds}, rate: 100e6, seconds: shortSeconds}
	cmd := &cobra.Command{
		Use:   "loss",
		Short: "Goodput on bad paths beside the kernel's",
		Long:  lossLong,
		Example: "  antedon bench loss\n" +
			"  antedon bench loss --loss 1 --rtt 20 --reorder 0 --seeds 1 --dir send\n" +
			"  antedon bench loss --full --json >loss.jsonl; antedon bench loss --from loss.jsonl --markdown",
		Args: positional(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	fs := cmd.Flags()
	fs.Var(&f.loss, "loss", "packet loss of each direction (default 0,1,5)")
	fs.Var(&f.rtt, "rtt", "round trip without queues (default 1,20,80,200)")
	fs.Var(&f.reorder, "reorder", "packets that are late by an eighth of the round trip, at least 1 ms (default 0,1)")
	fs.Var(&f.seeds, "seeds", "how many seeds, or which")
	fs.BoolVar(&f.full, "full", false, "the full grid: loss 0,0.1,1,2,5, reordering 0,1,5, 5 seeds, 3 seconds")
	fs.StringVar(&f.dir, "dir", "both", "`DIRECTION` of the data: send, recv or both")
	f.cc.register(cmd)
	fs.Var(&f.rate, "rate", "rate of the link")
	fs.IntVar(&f.queue, "queue", 0, "queue of the link, in `PACKETS` (default one bandwidth-delay product, at least 100)")
	fs.Var(&f.seconds, "seconds", "how long a transfer lasts at least; it also lasts 50 round trips")
	fs.IntVar(&f.parallel, "parallel", 6, "at most `N` rounds at once; busy ones run alone anyway")
	fs.BoolVar(&f.once, "once", false, "one transfer of the kernel's for each seed, not two: quicker, but tells no spread")
	fs.StringVar(&f.pcap, "pcap", "", "write a capture of each transfer, as its sender sees it, to `DIR`; comments say what was lost")
	fs.BoolVar(&f.each, "each", false, "tell of every round too")
	fs.BoolVar(&f.markdown, "markdown", false, "print the table in Markdown")
	fs.StringVar(&f.from, "from", "", "measure nothing, and print the table of the JSON lines in `FILE`")
	addJSON(cmd, &f.json)
	return cmd
}

func (f *lossFlags) run(cmd *cobra.Command) error {
	if f.json && f.markdown {
		return usagef("--json and --markdown exclude each other")
	}
	if f.from != "" {
		lines, err := readLossLines(f.from)
		if err != nil {
			return err
		}
		return printLossTable(cmd.OutOrStdout(), lines, f.markdown)
	}
	plan, err := f.plan(cmd)
	if err == nil && f.pcap != "" {
		err = os.MkdirAll(f.pcap, 0o777)
	}
	if err != nil {
		return err
	}
	return inNamespaces(func() error { return f.measure(cmd.Context(), cmd.OutOrStdout(), plan) })
}

// plan returns what the flags ask for.
func (f *lossFlags) plan(cmd *cobra.Command) (*bench.LossPlan, error) {
	dirs := map[string][]bench.Dir{"both": {bench.Send, bench.Recv}, "send": {bench.Send}, "recv": {bench.Recv}}[f.dir]
	switch {
	case dirs == nil:
		return nil, usagef("--dir %s: want send, recv or both", f.dir)
	case f.queue < 0 || f.queue > 1e6:
		return nil, usagef("--queue %d: want 1 to 1000000 packets", f.queue)
	case f.parallel < 1:
		return nil, usagef("--parallel %d: want at least 1", f.parallel)
	}
	cc, err := f.cc.algorithms()
	if err != nil {
		return nil, err
	}
	if f.full && !cmd.Flags().Changed("seeds") {
		f.seeds = seedRange{1, fullSeeds}
	}
	if f.full && !cmd.Flags().Changed("seconds") {
		f.seconds = fullSeconds
	}
	return &bench.LossPlan{
		Cells: f.cells(), Dirs: dirs, Seeds: f.seeds.list(), CC: cc,
		Link:     bench.Link{Rate: int64(f.rate), Queue: f.queue},
		AtLeast:  f.seconds.Duration(),
		Parallel: f.parallel,
		Once:     f.once,
		Capture:  f.pcap,
	}, nil
}

// cells returns the grid.
func (f *lossFlags) cells() []bench.Cell {
	loss, rtt, reorder := bench.ShortLoss, bench.FullRTT, bench.ShortReorder
	if f.full {
		loss, reorder = bench.FullLoss, bench.FullReorder
	}
	if f.loss != nil {
		loss = f.loss
	}
	if f.rtt != nil {
		rtt = f.rtt
	}
	if f.reorder != nil {
		reorder = f.reorder
	}
	return bench.Grid(loss, rtt, reorder)
}

// measure makes the rounds and tells of them.
func (f *lossFlags) measure(ctx context.Context, out io.Writer, plan *bench.LossPlan) error {
	bar := meter.Count(os.Stderr, "bench loss", plan.Rounds())
	rounds := make(map[bench.Cell][]bench.LossRound)
	var lines []bench.LossLine
	var printErr error
	print := func(l bench.LossLine) {
		switch {
		case f.json:
			printErr = errors.Join(printErr, printJSON(out, l))
		case l.Round != 0:
			bar.Hide()
			_, err := fmt.Fprintln(out, describeLossRound(&l))
			printErr = errors.Join(printErr, err)
		}
	}
	err := plan.Run(ctx, func(r bench.LossRound) {
		bar.Add(1)
		if f.each {
			for _, l := range plan.Each(r) {
				print(l)
			}
		}
		rounds[r.Cell] = append(rounds[r.Cell], r)
		if len(rounds[r.Cell]) == len(plan.Seeds) {
			for _, l := range plan.Summarise(rounds[r.Cell]) {
				print(l)
				lines = append(lines, l)
			}
		}
	})
	bar.Stop()
	if err != nil {
		return orInterrupted(ctx, err)
	}
	if !f.json {
		printErr = errors.Join(printErr, printLossTable(out, lines, f.markdown))
	}
	if failed := failedLines(lines); printErr == nil && failed != "" {
		return errors.New(failed)
	}
	return printErr
}

// failedLines says which transfers ended early, or nothing.
func failedLines(lines []bench.LossLine) string {
	n, first := 0, ""
	for _, l := range lines {
		if l.Error != "" {
			if n++; n == 1 {
				first = fmt.Sprintf("%v, %s: %s", l.Cell(), l.Dir, l.Error)
			}
		}
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("transfers of %d cases ended early: %s", n, first)
}
