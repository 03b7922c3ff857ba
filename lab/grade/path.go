package grade

import (
	"fmt"
	"sync"
	"time"

	"github.com/antedon-net/antedon/internal/seq"
	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/capture"
	"github.com/antedon-net/antedon/wire"
)

// A packet is a TCP segment on the wire.
type packet struct {
	at      time.Duration // since the path was made
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

// A fate is what happens to a packet.
type fate uint8

const (
	delivered fate = iota
	lost
	late // let the next two of its direction pass
)

func (f fate) String() string { return [...]string{"", "lost", "late"}[f] }

// overtake is how many packets pass one that is late.
const overtake = 2

// A path is the wire between two hosts.
type path struct {
	start time.Time
	out   *capture.Writer // nil if nobody wants a file
	iface int

	mu      sync.Mutex
	packets []packet
	sent    map[flow]seq.Number // the end of what was sent so far
	rule    func(p *packet) fate
	delay   time.Duration // one way
	wg      sync.WaitGroup
	devices []link.Device
}

// flow is one direction of a connection.
type flow struct {
	fromSDK   bool
	sdk, peer uint16
}

// newPath joins the devices of the host and of the peer.
func newPath(host, peer link.Device, out *capture.Writer) *path {
	p := &path{start: time.Now(), out: out, sent: make(map[flow]seq.Number), devices: []link.Device{host, peer}}
	if out != nil {
		p.iface = out.AddInterface("connection 2")
	}
	p.carry(host, peer, true)
	p.carry(peer, host, false)
	return p
}

// set changes what happens to packets from now on; nil loses none.
func (p *path) set(delay time.Duration, rule func(*packet) fate) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay, p.rule = delay, rule
}

// underway is a packet on its way.
type underway struct {
	due   time.Time
	bytes []byte
}

// carry carries one direction. There is room for a whole transfer of a TCP that knows no windows.
func (p *path) carry(from, to link.Device, fromSDK bool) {
	line := make(chan underway, 1<<15)
	p.wg.Go(func() {
		defer close(line)
		p.take(from.Queues()[0], line, fromSDK)
	})
	p.wg.Go(func() {
		var one [1]link.Packet
		for u := range line {
			if wait := time.Until(u.due); wait > 0 {
				time.Sleep(wait)
			}
			one[0] = link.Packet{Bytes: u.bytes}
			_, _ = to.Queues()[0].Write(one[:]) // what it refuses is lost, and noticed by the mark
		}
	})
}

// take reads packets and puts them on the line.
func (p *path) take(from link.Queue, line chan<- underway, fromSDK bool) {
	pkts := make([]link.Packet, 16)
	for i := range pkts {
		pkts[i].Buf = make([]byte, link.ReadRoom)
	}
	var held []underway // the late one, if there is one
	passed := 0
	for {
		n, err := from.Read(pkts)
		if err != nil {
			return
		}
		for i := range pkts[:n] {
			_ = link.CompleteChecksum(&pkts[i])
			what, delay := p.note(pkts[i].Bytes, fromSDK)
			u := underway{time.Now().Add(delay), append([]byte(nil), pkts[i].Bytes...)}
			switch what {
			case late:
				held, passed = append(held, u), 0
			case delivered:
				line <- u
				passed++
			}
			if passed == overtake {
				for _, h := range held {
					line <- h
				}
				held = nil
			}
		}
	}
}

// note keeps a packet and decides on its fate.
func (p *path) note(b []byte, fromSDK bool) (fate, time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	pkt, ok := parse(b, fromSDK)
	if !ok {
		return delivered, p.delay
	}
	pkt.at = time.Since(p.start)
	f := flow{fromSDK, pkt.sdk, pkt.peer}
	last, known := p.sent[f]
	pkt.again = known && pkt.end() != seq.Number(pkt.h.Seq) && seq.Number(pkt.h.Seq).Less(last)
	if !known || last.Less(pkt.end()) || pkt.h.Flags.Has(wire.SYN) && !pkt.again {
		p.sent[f] = pkt.end()
	}
	if p.rule != nil {
		pkt.fate = p.rule(&pkt)
	}
	p.packets = append(p.packets, pkt)
	if p.out != nil {
		info := capture.Info{Interface: p.iface, Time: p.start.Add(pkt.at), Direction: capture.Inbound, Comment: pkt.fate.String()}
		if fromSDK {
			info.Direction = capture.Outbound
		}
		_ = p.out.WritePacket(info, &link.Packet{Bytes: b})
	}
	return pkt.fate, p.delay
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

// all returns the packets so far, of the connections to a port of the peer, or all if that is 0.
func (p *path) all(peer uint16) []packet {
	p.mu.Lock()
	defer p.mu.Unlock()
	var some []packet
	for _, pkt := range p.packets {
		if peer == 0 || pkt.peer == peer {
			some = append(some, pkt)
		}
	}
	return some
}

// count returns how many packets there were for which is holds.
func (p *path) count(is func(*packet) bool) (n int) {
	for _, pkt := range p.all(0) {
		if is(&pkt) {
			n++
		}
	}
	return n
}

func (p *path) close() {
	for _, d := range p.devices {
		d.Close()
	}
	p.wg.Wait()
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
