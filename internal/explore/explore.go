package explore

import (
	"fmt"
	"time"

	"github.com/antedon-net/antedon/internal/simnet"
	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/capture"
)

// Exchange is a conversation to be disturbed.
type Exchange struct {
	Name     string
	Scenario func() *simnet.Scenario
	// Depth is how many packets it is worth disturbing at a time.
	Depth int
	// Limit is how long the conversation may take undisturbed, and how much longer with every disturbance. TIME-WAIT is
	// not counted.
	Limit time.Duration
	// Shows is what the undisturbed run has to show, in the words of simnet's Net.Saw: what the exchange is there for.
	Shows string
}

// Stats sums up runs.
type Stats struct {
	Runs    int
	Packets int           // of the undisturbed run
	Longest time.Duration // that a conversation took
	Slowest Case
}

// Failure is a run that failed.
type Failure struct {
	Case Case
	Err  error
}

// Explore runs the exchange with every combination of at most depth disturbances, and stops at the first failure.
func (x *Exchange) Explore(depth int) (Stats, *Failure) {
	e := exploration{x: x, depth: depth}
	packets, failure := e.below(nil)
	e.Packets = packets
	return e.Stats, failure
}

type exploration struct {
	Stats
	x     *Exchange
	depth int
}

// below runs a case and all that have further disturbances of later packets. It returns how many packets the run had.
func (e *exploration) below(c Case) (int, *Failure) {
	n, err := e.x.Run(c)
	if err != nil {
		return 0, &Failure{c, err}
	}
	e.Runs++
	if n.Over() > e.Longest {
		e.Longest, e.Slowest = n.Over(), c.clone()
	}
	if len(c) == e.depth {
		return n.Packets(), nil
	}
	first := 0
	if len(c) > 0 {
		first = c[len(c)-1].Packet + 1
	}
	for i := first; i < n.Packets(); i++ {
		for _, k := range Kinds() {
			if _, failure := e.below(append(c, Disturbance{i, k})); failure != nil {
				return 0, failure
			}
		}
	}
	return n.Packets(), nil
}

// Run runs the exchange with the given disturbances, and returns the network after its end.
func (x *Exchange) Run(c Case) (*simnet.Net, error) { return x.run(c, nil) }

func (x *Exchange) run(c Case, w *capture.Writer) (*simnet.Net, error) {
	n := x.Scenario().Build()
	if w != nil {
		n.Capture(w)
	}
	n.Meddle(func(number int, _ *link.Packet) simnet.Fate { return c.fate(number) })
	if err := n.Finish(); err != nil {
		return n, err
	}
	if limit := x.Limit * time.Duration(1+len(c)); n.Over() > limit {
		return n, fmt.Errorf("the conversation took %v, want %v at most", n.Over(), limit)
	}
	if len(c) == 0 && x.Shows != "" && n.Saw(x.Shows) == 0 {
		return n, fmt.Errorf("no %s in the undisturbed run", x.Shows)
	}
	return n, nil
}

// Capture runs the exchange again and writes its packets to a pcapng file. It returns the error of the run, or of the
// file.
func (x *Exchange) Capture(c Case, file string) error {
	w, err := capture.Create(file, capture.Config{})
	if err != nil {
		return err
	}
	_, err = x.run(c, w)
	if e := w.Close(); e != nil {
		return e
	}
	return err
}
