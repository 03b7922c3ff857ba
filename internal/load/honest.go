package load

import (
	"context"
	"net/netip"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/antedon-net/antedon/internal/netlab"
)

// honest is an ordinary client of a server under attack.
type honest struct {
	lab           *netlab.Lab
	target        netip.AddrPort
	tried, opened uint64
	took          *hdrhistogram.Histogram
}

const (
	honestEvery = 100 * time.Millisecond
	honestLimit = 5 * time.Second // for a handshake: time for two SYNs to be lost
)

func newHonest(lab *netlab.Lab, target netip.AddrPort) *honest {
	return &honest{lab: lab, target: target, took: newHistogram()}
}

// run opens connections until ctx is done.
func (h *honest) run(ctx context.Context) {
	tick := time.NewTicker(honestEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		h.once(ctx)
	}
}

func (h *honest) once(ctx context.Context) {
	limit, cancel := context.WithTimeout(ctx, honestLimit)
	defer cancel()
	start := time.Now()
	c, err := h.lab.Dial(limit, "tcp", h.target.String())
	took := time.Since(start)
	if err != nil && ctx.Err() != nil {
		return // it was not the server who ended this
	}
	h.tried++
	if err != nil {
		return
	}
	c.Close()
	h.opened++
	record(h.took, took)
}

// report must not be called before run has returned.
func (h *honest) report() *Honest {
	return &Honest{Tried: h.tried, Opened: h.opened, Took: latency(h.took, false)}
}
