package main

import (
	"context"
	"errors"
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

// absence is why a stack was not measured, where that is no reason to measure none.
type absence struct{ error }

// fight measures the kernel first, for the ratio, and tells of the stacks in their order.
func (d *duel[L]) fight(ctx context.Context, out io.Writer, stacks stackList, json bool) error {
	lines := map[bench.Who]L{}
	for _, who := range kernelFirst(stacks) {
		bar := meter.Count(os.Stderr, "bench "+d.name+" "+string(who), d.steps)
		line, err := d.run(ctx, who, func() { bar.Add(1) })
		bar.Stop()
		switch why, ok := errors.AsType[absence](err); {
		case err == nil:
		case ok && ctx.Err() == nil:
			line = d.absent(who, why.Error())
		default:
			return orInterrupted(ctx, fmt.Errorf("%s: %w", who, err))
		}
		lines[who] = line
	}
	kernel, isMeasured := lines[bench.Kernel]
	for _, s := range stacks {
		line := lines[bench.Who(s)]
		if isMeasured {
			d.compare(&line, kernel)
		}
		if err := tellLine(out, line, json); err != nil {
			return err
		}
	}
	return nil
}

// kernelFirst returns the stacks in the order in which they are measured.
func kernelFirst(stacks stackList) []bench.Who {
	var who []bench.Who
	for _, s := range stacks {
		if s == contest.Kernel {
			who = slices.Insert(who, 0, bench.Who(s))
		} else {
			who = append(who, bench.Who(s))
		}
	}
	return who
}

// tellLine prints a line for people or as JSON.
func tellLine(out io.Writer, line interface{ Describe() string }, json bool) error {
	if json {
		return printJSON(out, line)
	}
	_, err := fmt.Fprintln(out, line.Describe())
	return err
}
