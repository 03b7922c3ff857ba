package simnet

import (
	"time"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/link"
)

// Fate is what becomes of a packet, besides what its path's plan has in store. The zero Fate lets it pass.
type Fate struct {
	Drop  bool
	Delay time.Duration
	// Swap delivers the packet right behind the next one on its path, or after SwapLimit if none comes.
	Swap bool
	// Copy delivers the packet twice, the second time CopyDelay after the first.
	Copy      bool
	CopyDelay time.Duration
}

// SwapLimit is how long a packet waits for the one it is to be swapped with.
const SwapLimit = 50 * time.Millisecond

// Meddle lets decide choose the fate of every packet from now on. Packets are numbered in the order in which they leave,
// from 0, whoever sends them.
func (n *Net) Meddle(decide func(number int, p *link.Packet) Fate) { n.meddle = decide }

// Packets returns how many packets have left so far.
func (n *Net) Packets() int { return n.packets }

// held is a packet that waits for the next one on its path.
type held struct {
	d    *delivery
	gone bool
}

func (h *held) happen() {
	if !h.gone {
		h.gone = true
		h.d.happen()
	}
}

// fate returns what becomes of the packet that just left.
func (n *Net) fate(p *link.Packet) Fate {
	if n.meddle == nil {
		return Fate{}
	}
	return n.meddle(n.packets-1, p)
}

// suffer does to a packet that would arrive at the given time what its fate is. Its bytes are its own.
func (d *delivery) suffer(at mono.Time, f Fate) string {
	p := d.path
	if f.Drop {
		p.net.putBuffer(d.pkt.Bytes)
		return "dropped"
	}
	d.seen.carry()
	at = at.Add(f.Delay)
	what := ""
	if f.Delay > 0 {
		what = "delayed"
	}
	if f.Copy {
		c := *d
		c.pkt.Bytes = append(p.net.getBuffer(len(d.pkt.Bytes))[:0], d.pkt.Bytes...)
		defer p.net.plan(at.Add(f.CopyDelay), &c)
		what = "repeated"
	}
	if f.Swap {
		h := &held{d: d}
		p.held = append(p.held, h)
		p.net.plan(at.Add(SwapLimit), h)
		return "swapped"
	}
	p.net.plan(at, d)
	for _, h := range p.held {
		p.net.plan(at, h)
	}
	p.held = p.held[:0]
	return what
}
