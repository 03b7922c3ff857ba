package grade

import (
	"fmt"
	"time"

	"github.com/antedon-net/antedon/internal/seq"
	"github.com/antedon-net/antedon/wire"
)

// A packet is a TCP segment on the wire.
type packet struct {
	at      time.Duration // since the path was made, at the program's end
	round   int           // how often a gate had opened by then
	fromSDK bool
	sdk     uint16 // port of the program's end
	peer    uint16 // port of the peer's end
	h       wire.TCP
	n       int  // bytes of text
	summed  bool // its checksum is right
	fate    fate
	again   bool // some of its text, SYN or FIN was sent before
}

// end is the sequence number after the packet's text, SYN and FIN.
func (p *packet) end() seq.Number {
	n := p.n
	for _, f := range []wire.Flags{wire.SYN, wire.FIN} {
		if p.h.Flags.Has(f) {
			n++
		}
	}
	return seq.Number(p.h.Seq).Add(n)
}

// parse takes a TCP segment apart.
func parse(b []byte, fromSDK bool) (packet, bool) {
	ip, segment, err := wire.ParseIPv4(b)
	if err != nil || ip.Proto != wire.ProtoTCP || ip.IsFragment() {
		return packet{}, false
	}
	h, text, err := wire.ParseTCP(segment)
	if err != nil {
		return packet{}, false
	}
	pkt := packet{fromSDK: fromSDK, h: h, n: len(text), sdk: h.DstPort, peer: h.SrcPort}
	if fromSDK {
		pkt.sdk, pkt.peer = h.SrcPort, h.DstPort
	}
	pkt.summed = wire.TransportChecksumOK(wire.ProtoTCP, ip.Src, ip.Dst, segment)
	return pkt, true
}

// mostLines bounds how many packets of a mark are put into its report.
const mostLines = 60

// lines returns the first packets and the last as a report has them, and how many were left out.
func (p *path) lines() ([]Line, int) {
	pkts := p.all(0)
	base := make(map[flow]uint32)
	lines := make([]Line, 0, len(pkts))
	for i := range pkts {
		pkt := &pkts[i]
		own, other := flow{pkt.fromSDK, pkt.sdk, pkt.peer}, flow{!pkt.fromSDK, pkt.sdk, pkt.peer}
		if pkt.h.Flags.Has(wire.SYN) {
			base[own] = pkt.h.Seq
		}
		line := Line{At: pkt.at.Seconds(), FromSDK: pkt.fromSDK, Port: pkt.sdk, Text: pkt.describe(base[own], base[other])}
		line.Fate = pkt.fate.String()
		if !pkt.summed {
			line.Fate = "wrong checksum"
		}
		lines = append(lines, line)
	}
	if len(lines) <= mostLines {
		return lines, 0
	}
	more := len(lines) - mostLines
	return append(lines[:mostLines/2], lines[len(lines)-mostLines/2:]...), more
}

// describe writes a packet as the figures of RFC 9293 do.
func (p *packet) describe(iss, irs uint32) string {
	s := fmt.Sprintf("<SEQ=%d>", p.h.Seq-iss)
	if p.h.Flags.Has(wire.ACK) {
		s += fmt.Sprintf("<ACK=%d>", p.h.Ack-irs)
	}
	if p.n > 0 {
		s += fmt.Sprintf("<DATA=%d>", p.n)
	}
	s += fmt.Sprintf("<CTL=%s><WND=%d>", controls(p.h.Flags), p.h.Window)
	if o := optionNames(&p.h.Options); o != "" {
		s += "<" + o + ">"
	}
	if p.again {
		s += " again"
	}
	return s
}
