package tcptest

import (
	"fmt"
	"os"
	"time"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/capture"
	"github.com/antedon-net/antedon/tcp"
	"github.com/antedon-net/antedon/wire"
)

// maxPackets is how many packets, the latest, a failure leaves in its capture.
const maxPackets = 4096

// Record keeps the packets of a test, for the capture of a failure.
type Record struct {
	packets []packet
	next    int // where the next packet goes once there are maxPackets
}

type packet struct {
	at       mono.Time
	outbound bool
	bytes    []byte
}

// Add keeps a segment as an IP packet with correct checksums.
func (r *Record) Add(at mono.Time, outbound bool, id tcp.ID, ecn wire.ECN, h *wire.TCP, payload []byte) {
	src, dst := id.Local.Addr(), id.Remote.Addr()
	p := packet{at, outbound, nil}
	if len(r.packets) < maxPackets {
		r.packets = append(r.packets, packet{})
		r.next = len(r.packets) - 1
	}
	n := h.Len() + len(payload)
	b := r.packets[r.next].bytes[:0]
	if src.Is4() {
		b = (&wire.IPv4{TOS: uint8(ecn), TTL: 64, Proto: wire.ProtoTCP, Src: src, Dst: dst}).AppendTo(b, n)
	} else {
		b = (&wire.IPv6{TrafficClass: uint8(ecn), HopLimit: 64, NextHeader: wire.ProtoTCP, Proto: wire.ProtoTCP, Src: src, Dst: dst}).AppendTo(b, n)
	}
	start := len(b)
	b = append(h.AppendTo(b), payload...)
	sum := wire.TransportChecksum(wire.PseudoSum(wire.ProtoTCP, src, dst, n), b[start:])
	b[start+16], b[start+17] = byte(sum>>8), byte(sum)
	p.bytes = b
	r.packets[r.next] = p
	r.next = (r.next + 1) % maxPackets
}

// Write writes the packets to a new file for temporary data and returns its name, or why there is none.
func (r *Record) Write() string {
	f, err := os.CreateTemp("", "antedon-*.pcapng")
	if err != nil {
		return err.Error()
	}
	w := capture.NewWriter(f, capture.Config{Application: "antedon test"})
	w.AddInterface("script")
	for i := range r.packets {
		p := r.packets[i]
		if len(r.packets) == maxPackets {
			p = r.packets[(r.next+i)%maxPackets]
		}
		dir := capture.Inbound
		if p.outbound {
			dir = capture.Outbound
		}
		w.WritePacket(capture.Info{Time: time.Unix(0, int64(p.at)), Direction: dir}, &link.Packet{Bytes: p.bytes})
	}
	if err := w.Close(); err != nil {
		return fmt.Sprintf("%s (%v)", f.Name(), err)
	}
	return f.Name()
}
