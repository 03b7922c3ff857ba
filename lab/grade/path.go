package grade

import (
	"sync"
	"time"

	"github.com/antedon-net/antedon/internal/seq"
	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/capture"
	"github.com/antedon-net/antedon/wire"
)

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

// A path is the wire between two hosts. It keeps its packets in the order in which the program's host sees them: those of
// the program when they set out, those of the peer when they arrive.
type path struct {
	start time.Time
	out   *capture.Writer // nil if nobody wants a file
	iface int

	mu      sync.Mutex
	packets []packet
	sent    map[flow]seq.Number // the end of what was sent so far
	rule    func(p *packet) fate
	delay   time.Duration // one way
	gate    *gate         // before the program, if there is one
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

// setGate puts a gate before the program, or takes it away and lets pass what waits.
func (p *path) setGate(g *gate) {
	p.mu.Lock()
	old := p.gate
	p.gate = g
	p.mu.Unlock()
	if old != nil {
		old.open()
	}
}

// underway is a packet on its way.
type underway struct {
	due    time.Time
	bytes  []byte
	packet packet
	isTCP  bool
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
			if !fromSDK {
				p.arrive(&u)
			}
			one[0] = link.Packet{Bytes: u.bytes}
			_, _ = to.Queues()[0].Write(one[:]) // what it refuses is lost, and noticed by the mark
		}
	})
}

// arrive waits for the gate to open and takes note of a packet of the peer.
func (p *path) arrive(u *underway) {
	p.mu.Lock()
	g := p.gate
	p.mu.Unlock()
	if g != nil && u.isTCP {
		u.packet.round = g.pass()
	}
	p.note(u)
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
			u := p.judge(append([]byte(nil), pkts[i].Bytes...), fromSDK)
			switch u.packet.fate {
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

// judge decides on a packet's fate when it sets out.
func (p *path) judge(b []byte, fromSDK bool) underway {
	p.mu.Lock()
	u := underway{due: time.Now().Add(p.delay), bytes: b}
	u.packet, u.isTCP = parse(b, fromSDK)
	pkt := &u.packet
	if u.isTCP {
		f := flow{fromSDK, pkt.sdk, pkt.peer}
		last, known := p.sent[f]
		pkt.again = known && pkt.end() != seq.Number(pkt.h.Seq) && seq.Number(pkt.h.Seq).Less(last)
		if !known || last.Less(pkt.end()) || pkt.h.Flags.Has(wire.SYN) && !pkt.again {
			p.sent[f] = pkt.end()
		}
		if p.rule != nil {
			pkt.fate = p.rule(pkt)
		}
	}
	g := p.gate
	p.mu.Unlock()
	if g != nil && u.isTCP {
		pkt.round = g.see(pkt)
	}
	if fromSDK || pkt.fate == lost {
		p.note(&u)
	}
	return u
}

// note keeps a packet.
func (p *path) note(u *underway) {
	if !u.isTCP {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	u.packet.at = time.Since(p.start)
	p.packets = append(p.packets, u.packet)
	if p.out == nil {
		return
	}
	info := capture.Info{Interface: p.iface, Time: p.start.Add(u.packet.at), Direction: capture.Inbound, Comment: u.packet.fate.String()}
	if u.packet.fromSDK {
		info.Direction = capture.Outbound
	}
	_ = p.out.WritePacket(info, &link.Packet{Bytes: u.bytes})
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

// isQuiet reports whether the program has sent nothing for a while.
func (p *path) isQuiet(port uint16, since time.Duration) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := len(p.packets) - 1; i >= 0; i-- {
		if pkt := &p.packets[i]; pkt.fromSDK && pkt.peer == port {
			return time.Since(p.start)-pkt.at >= since
		}
	}
	return true
}

func (p *path) close() {
	p.setGate(nil)
	for _, d := range p.devices {
		d.Close()
	}
	p.wg.Wait()
}
