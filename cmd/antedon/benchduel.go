package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/antedon-net/antedon/internal/bench"
	"github.com/antedon-net/antedon/internal/contest"
	"github.com/antedon-net/antedon/internal/meter"
)

// duel is a benchmark of ours and, if that is asked for, of the kernel's: a line for each.
type duel[L interface{ Describe() string }] struct {
	name    string
	steps   int // of progress, for each
	run     func(ctx context.Context, who bench.Who, progress func()) (L, error)
	absent  func(who bench.Who, why string) L // the line of who was not measured
	compare func(l *L, kernel L)              // sets the ratio
}

// fight measures the kernel first, for the ratio, and tells of the stacks in their order. With mayFail the kernel may be one that
// cannot be measured.
func (d *duel[L]) fight(ctx context.Context, out io.Writer, stacks stackList, json, mayFail bool) error {
	lines := map[bench.Who]L{}
	for _, who := range []bench.Who{bench.Kernel, bench.Antedon} {
		if !slices.Contains(stacks, contest.Stack(who)) {
			continue
		}
		bar := meter.Count(os.Stderr, "bench "+d.name+" "+string(who), d.steps)
		line, err := d.run(ctx, who, func() { bar.Add(1) })
		bar.Stop()
		switch {
		case err == nil:
		case who == bench.Kernel && mayFail && ctx.Err() == nil:
			line = d.absent(who, err.Error())
		default:
			return orInterrupted(ctx, fmt.Errorf("%s: %w", who, err))
		}
		lines[who] = line
	}
	kernel, isMeasured := lines[bench.Kernel]
	for _, s := range stacks {
		line, ok := lines[bench.Who(s)]
		switch {
		case !ok:
			line = d.absent(bench.Who(s), "not measured: its program has no such load")
		case isMeasured:
			d.compare(&line, kernel)
		}
		if err := tellLine(out, line, json); err != nil {
			return err
		}
	}
	return nil
}

// tellLine prints a line for people or as JSON.
func tellLine(out io.Writer, line interface{ Describe() string }, json bool) error {
	if json {
		return printJSON(out, line)
	}
	_, err := fmt.Fprintln(out, line.Describe())
	return err
}
