package lockstep

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/antedon-net/antedon/internal/notation"
	"github.com/antedon-net/antedon/internal/seq"
	"github.com/antedon-net/antedon/wire"
)

// Where the peer's numbers begin: near the end of their range, so that they wrap in most scripts.
const (
	peerISS    = 1<<32 - 600
	peerClock  = 1<<32 - 501
	servedPort = 80
	clientPort = 40000
	peerPort   = 5000
)

// player plays a script to an endpoint.
type player struct {
	on    side
	end   endpoint
	setup setup

	flows map[int]*flow
	*flow
	queue     []answer      // what it sent, and was not expected yet
	clock     time.Duration // as the script has it: the same on both sides
	last      time.Duration // when something was last done, or sent
	pace      pace
	listening bool

	step    int // in progress: its index
	err     error
	matched []match
	entries []entry
	muted   bool // nothing is added to them
	record  record
}

// match is an answer that a step expected.
type match struct {
	step   int
	answer answer
}

// entry is a line of a transcript.
type entry struct {
	step int
	at   time.Duration
	text string
}

// answer is a segment that the endpoint sent.
type answer struct {
	packet
	segment notation.Segment
	normal  string // what is compared although the script does not name it
	flow    *flow
}

// flow is a connection, or its successors between the same ports.
type flow struct {
	socket  socket
	port    uint16 // the peer's
	dialled bool   // by the endpoint

	peer     notation.Segment // what the peer's SYN offers
	irs      uint32           // the peer's initial sequence number
	iss      uint32           // the endpoint's
	haveISS  bool
	tsBase   uint32 // the endpoint's clock at the start
	tsSeen   bool
	tsLatest uint32

	synStamped, synScaled bool // the endpoint's SYN had these options

	shift      int // of the endpoint's window
	next       int // of the peer's numbers, after what fill has sent
	acked      int // by the endpoint
	edge       int // of its window
	hasEdge    bool
	got, wrote int // bytes, by the application
}

func newPlayer(on side, end endpoint, s setup) *player {
	p := &player{on: on, end: end, setup: s, flows: map[int]*flow{}}
	p.selectFlow(0)
	return p
}

func (p *player) selectFlow(n int) {
	if p.flows[n] == nil {
		p.flows[n] = &flow{socket: noSocket{}, port: peerPort + uint16(n), irs: peerISS, next: 1}
	}
	p.flow = p.flows[n]
}

// play plays the steps meant for its side, up to the first that fails.
func (p *player) play(steps []step) error {
	for i, s := range steps {
		if s.on&p.on == 0 {
			continue
		}
		p.step = i
		err := s.run(p)
		p.pace.check(p.end.now())
		if err != nil {
			return fmt.Errorf("line %d: %s: %w", s.line, s.text, err)
		}
	}
	return p.quiet()
}

func (p *player) note(format string, args ...any) { p.noteAt(p.end.now(), format, args...) }

func (p *player) noteAt(at time.Duration, format string, args ...any) {
	if !p.muted {
		p.entries = append(p.entries, entry{p.step, at, fmt.Sprintf(format, args...)})
	}
}

// act does something to the endpoint, which must have nothing unexpected to say before, and takes what it answers.
func (p *player) act(what func() error) error {
	if err := p.quiet(); err != nil {
		return err
	}
	p.last = p.end.now()
	if err := what(); err != nil {
		return err
	}
	return p.collect(p.end.settle())
}

// quiet checks that nothing was sent that is not expected.
func (p *player) quiet() error {
	if len(p.queue) > 0 {
		a := p.queue[0]
		return fmt.Errorf("nobody expected %v, sent %v after what went before", a.segment, round(a.at-p.last))
	}
	return nil
}

// collect puts packets into the queue.
func (p *player) collect(packets []packet, err error) error {
	for _, k := range packets {
		a, err := p.takeApart(k)
		if err != nil {
			return err
		}
		p.queue = append(p.queue, a)
		p.noteAt(a.at, "< %v", a.segment)
	}
	return err
}

// takeApart makes an answer of a packet and checks what has to hold of every segment.
func (p *player) takeApart(k packet) (answer, error) {
	p.record.add(k.at, true, k.bytes)
	h, err := parsePacket(k.bytes)
	if err != nil {
		return answer{}, fmt.Errorf("malformed packet: %w", err)
	}
	var f *flow
	for _, x := range p.flows {
		if x.port == h.tcp.DstPort {
			f = x
		}
	}
	if f == nil {
		return answer{}, fmt.Errorf("segment to port %d", h.tcp.DstPort)
	}
	t := &h.tcp
	if t.Flags.Has(wire.SYN) && !f.haveISS {
		f.iss, f.haveISS = t.Seq, true
	}
	o := &t.Options
	if o.HasTimestamps && o.TSVal != 0 {
		if !f.tsSeen {
			f.tsBase, f.tsSeen = o.TSVal, true
		}
		f.tsLatest = o.TSVal
	}
	a := answer{packet: k, flow: f}
	a.segment = notation.Describe(t, len(h.text), 0, notation.Base{Seq: f.iss, Ack: f.irs, TSVal: f.tsBase, TSEcr: peerClock})
	a.segment.ECN = wire.ECN(h.tos & 3)
	a.normal = h.normal()
	if i := notation.Mismatch(h.text, a.segment.TextAt()); i >= 0 {
		return a, fmt.Errorf("byte %d of %v is wrong", i, a.segment)
	}
	if err := f.noteWindow(t); err != nil && p.on == ours {
		return a, err // Linux takes window back after a SYN cookie
	}
	return a, nil
}

// noteWindow follows the endpoint's window, whose right edge never moves to the left.
func (f *flow) noteWindow(h *wire.TCP) (err error) {
	if h.Flags.Has(wire.SYN) {
		f.synScaled, f.synStamped = h.Options.HasWScale, h.Options.HasTimestamps
		f.shift = int(h.Options.WScale)
	}
	if !h.Flags.Has(wire.ACK) || h.Flags.Has(wire.RST) {
		return nil
	}
	wnd := int(h.Window)
	if !h.Flags.Has(wire.SYN) && f.scaled() {
		wnd <<= f.shift
	}
	ack := seq.Number(h.Ack).Sub(seq.Number(f.irs))
	edge := ack + wnd
	if f.hasEdge && edge < f.edge {
		err = fmt.Errorf("the right edge of the window moves left by %d", f.edge-edge)
	}
	f.acked, f.edge, f.hasEdge = ack, edge, true
	return err
}

// local and remote are ends of connections, as the endpoint sees it.
func (p *player) local(port uint16) netip.AddrPort  { return netip.AddrPortFrom(p.setup.local, port) }
func (p *player) remote(port uint16) netip.AddrPort { return netip.AddrPortFrom(p.setup.remote, port) }

func round(d time.Duration) time.Duration { return d.Round(10 * time.Microsecond) }

// substitute replaces what stands for numbers.
func (f *flow) substitute(text string) string {
	return numbers.ReplaceAllStringFunc(text, f.number)
}
