package multiplex

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime/pprof"

	"github.com/antedon-net/antedon/internal/bench"
	"github.com/antedon-net/antedon/reactor"
)

const fdSetSize = reactor.FDSetSize

// Line is what is told of a case: a poller, how many descriptors it watches, and how many of them are ready at a time.
type Line struct {
	Bench   string  `json:"bench"`
	Stack   string  `json:"stack"`
	Streams int     `json:"streams"`         // the descriptors, again
	Round   int     `json:"round,omitempty"` // 0 in a summary
	Ratio   float64 `json:"ratio"`           // of EventNS to that of level-triggered epoll in the same rounds; 0 without it
	Poller  Poller  `json:"poller"`
	FDs     int     `json:"fds"`
	Active  int     `json:"active"`
	Wide    bool    `json:"wide"`     // select, with descriptors that do not fit libc's fd_set
	TurnUS  float64 `json:"turn_us"`  // microseconds for a turn of the loop
	EventNS float64 `json:"event_ns"` // nanoseconds for each event
	Turns   float64 `json:"turns"`    // it took to be told of all that were ready: epoll tells of 512 at a time
	Error   string  `json:"error,omitempty"`
}

func newLine(p Poller, fds, active int) Line {
	return Line{Bench: "poll", Stack: "antedon", Streams: fds, Poller: p, FDs: fds, Active: active}
}

// Describe returns the line for people.
func (l *Line) Describe() string {
	head := fmt.Sprintf("%d descriptors, %d ready, %s", l.FDs, l.Active, l.Poller)
	if l.Round > 0 {
		head += fmt.Sprintf(", round %d", l.Round)
	}
	if l.Error != "" {
		return head + ": " + l.Error
	}
	return fmt.Sprintf("%s: %.2f µs a turn, %.0f ns an event (x%.2f)", head, l.TurnUS, l.EventNS, l.Ratio)
}

// compare fills in the ratios of a round.
func compare(round []Line) {
	base := make(map[int]float64)
	for _, l := range round {
		if l.Poller == EpollLT {
			base[l.Active] = l.EventNS
		}
	}
	for i := range round {
		if b := base[round[i].Active]; b > 0 {
			round[i].Ratio = round[i].EventNS / b
		}
	}
}

// summarise returns the medians of a case.
func summarise(rounds [][]Line, p Poller, active int) Line {
	var all []Line
	for _, r := range rounds {
		for _, l := range r {
			if l.Poller == p && l.Active == active {
				all = append(all, l)
			}
		}
	}
	median := func(of func(*Line) float64) float64 {
		v := make([]float64, len(all))
		for i := range all {
			v[i] = of(&all[i])
		}
		return bench.Median(v)
	}
	l := all[0]
	l.Round = 0
	l.Ratio = median(func(l *Line) float64 { return l.Ratio })
	l.TurnUS = median(func(l *Line) float64 { return l.TurnUS })
	l.EventNS = median(func(l *Line) float64 { return l.EventNS })
	l.Turns = median(func(l *Line) float64 { return l.Turns })
	return l
}

// profiled runs fn and writes a CPU profile of it, if the plan wants that.
func (p *Plan) profiled(l *Line, fn func() error) error {
	if p.Profile == "" {
		return fn()
	}
	name := fmt.Sprintf("poll-%s-%d-%d-%d.pprof", l.Poller, l.FDs, l.Active, l.Round)
	f, err := os.Create(filepath.Join(p.Profile, name))
	if err != nil {
		return err
	}
	defer f.Close()
	if err := pprof.StartCPUProfile(f); err != nil {
		return err
	}
	defer pprof.StopCPUProfile()
	return fn()
}
