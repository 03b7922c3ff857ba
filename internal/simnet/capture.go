package simnet

import (
	"time"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/capture"
)

// tap writes what the nodes send and receive to a capture file. Each node is an interface of it; what became of a packet
// that was sent is noted as the packet's comment.
type tap struct {
	w     *capture.Writer
	epoch time.Time // of the start of the simulation
}

// Capture writes every packet to w from now on. The caller closes w.
func (n *Net) Capture(w *capture.Writer) {
	n.tap = &tap{w, time.Unix(0, 0).UTC()}
	for _, nd := range n.nodes {
		w.AddInterface(nd.String())
	}
}

func (t *tap) packet(now mono.Time, at *Node, dir capture.Direction, p *link.Packet, comment string) {
	info := capture.Info{
		Interface: at.index, Time: t.epoch.Add(now.Sub(start)), Direction: dir, Comment: comment,
	}
	_ = t.w.WritePacket(info, p) // the writer keeps its error
}
