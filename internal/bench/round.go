package bench

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"time"

	"github.com/antedon-net/antedon/link/impair"
)

// Result is what one transfer came to.
type Result struct {
	Goodput float64 // bits per second
	Counts  Counts
	Link    impair.Stats // in the direction of the data
	Queue   time.Duration
	Late    Lateness
	Err     error // what ended the transfer early
}

// LossRound is the transfers of one cell with one seed, made one after the other.
type LossRound struct {
	Cell    Cell
	Seed    uint64
	Results map[Dir]Result

	// RTT is the round trip of a path with the cell's delay but no losses, as ping measures it.
	RTT map[Dir]time.Duration
}

// round makes one round.
func (p *LossPlan) round(ctx context.Context, j job) (LossRound, error) {
	r := LossRound{Cell: j.cell, Seed: j.seed, Results: make(map[Dir]Result)}
	dirs := p.dirs()
	for i := range dirs {
		dir := dirs[(i+j.order)%len(dirs)] // in turn the first
		res, err := p.transfer(ctx, j, dir)
		if err != nil {
			return r, err
		}
		r.Results[dir] = res
	}
	return r, nil
}

// transfer makes one transfer on a path of its own.
func (p *LossPlan) transfer(ctx context.Context, j job, dir Dir) (Result, error) {
	sender, receiver := dir.ends()
	cfg := sceneConfig{
		plan: j.cell.plan(p.Link, j.seed), spin: j.cell.spin(), cc: p.CC, senders: []Who{sender}, receiver: receiver,
	}
	if p.Capture != "" {
		cfg.pcap = filepath.Join(p.Capture, captureName(j, dir))
	}
	s, err := newScene(&cfg)
	if err != nil {
		return Result{}, err
	}
	defer s.close()
	d := j.cell.duration(p.AtLeast)
	flows, err := s.transfer(ctx, []int{0}, d)
	if ctx.Err() != nil {
		return Result{}, context.Cause(ctx)
	}
	r := Result{Err: err}
	if err == nil {
		r.Goodput, r.Err = float64(flows[0].bytes)*8/d.Seconds(), flows[0].err
	}
	if err := s.path.stop(); err != nil {
		return r, err
	}
	r.Counts, r.Link = s.path.observer.Total(), s.path.forward.Stats()
	r.Queue, r.Late = s.path.queue.mean(), s.path.late
	return r, nil
}

func captureName(j job, dir Dir) string {
	return fmt.Sprintf("loss%g-rtt%g-reorder%g-seed%d-%s.pcapng", j.cell.Loss, milliseconds(j.cell.RTT), j.cell.Reorder, j.seed, dir)
}

// baseline returns the goodput of the kernel with itself, and how far apart its two transfers lie, as a fraction of it.
func (r *LossRound) baseline() (goodput, spread float64) {
	a := r.Results[Without].Goodput
	again, ok := r.Results[Again]
	if !ok {
		return a, 0
	}
	mean := (a + again.Goodput) / 2
	return mean, math.Abs(a-again.Goodput) / max(mean, 1)
}

// measureRTTs measures the round trip of each kind of path there will be.
func (p *LossPlan) measureRTTs(ctx context.Context) (map[time.Duration]map[Dir]time.Duration, error) {
	all := make(map[time.Duration]map[Dir]time.Duration)
	for _, c := range p.Cells {
		if all[c.RTT] != nil {
			continue
		}
		all[c.RTT] = make(map[Dir]time.Duration)
		for _, dir := range append([]Dir{Without}, p.Dirs...) {
			sender, receiver := dir.ends()
			d, err := p.measureRTT(ctx, c.RTT, sender, receiver)
			if err != nil {
				return nil, err
			}
			all[c.RTT][dir] = d
		}
	}
	return all, nil
}
