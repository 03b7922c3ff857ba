package lockstep

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/antedon-net/antedon/internal/notation"
	"github.com/antedon-net/antedon/internal/seq"
	"github.com/antedon-net/antedon/wire"
)

// numbers are what stands for a number in a segment.
var numbers = regexp.MustCompile(`\b(NXT|EDGE|ZERO)([+-]\d+)?`)

func (f *flow) number(text string) string {
	m := numbers.FindStringSubmatch(text)
	n := map[string]int{"NXT": f.next, "EDGE": f.edge, "ZERO": seq.Number(0).Sub(seq.Number(f.iss))}[m[1]]
	more, _ := strconv.Atoi(m[2])
	return strconv.Itoa(n + more)
}

// emit lets the peer send a segment.
func (p *player) emit(text string) error {
	n, err := notation.Parse(p.substitute(text))
	if err != nil {
		return err
	}
	return p.act(func() error { return p.inject(n) })
}

// inject builds the segment n and hands it to the endpoint.
func (p *player) inject(n notation.Segment) error {
	if offers(n) {
		p.peer = n
	}
	h := wire.TCP{Seq: p.irs + uint32(n.Seq), Flags: n.Ctl, Window: uint16(n.Wnd), Urgent: uint16(n.Urg)}
	if n.Ctl.Has(wire.ACK) {
		h.Ack = p.iss + uint32(n.Ack)
	}
	if n.Named["URG"] {
		h.Flags |= wire.URG
	}
	if !n.Named["WND"] {
		h.Window = uint16(p.peer.Wnd)
	}
	p.putOptions(n, &h.Options)
	text := make([]byte, n.Data)
	notation.Fill(text, n.TextAt())
	b := makeSegment(p.remote(p.port), p.local(p.endpointPort()), uint8(n.ECN), &h, text)
	said := notation.Describe(&h, n.Data, 0, notation.Base{Seq: p.irs, Ack: p.iss, TSVal: peerClock, TSEcr: p.tsBase})
	said.ECN = n.ECN
	p.note("> %v", said)
	p.record.add(p.end.now(), false, b)
	return p.end.inject(b)
}

// offers reports whether n is a SYN with options of its own.
func offers(n notation.Segment) bool {
	return n.Ctl.Has(wire.SYN) && (n.Named["MSS"] || n.Named["WS"] || n.Named["SACKOK"] || n.Named["TS"])
}

// stamped reports whether both SYNs had the timestamps option.
func (f *flow) stamped() bool { return f.synStamped && f.peer.Named["TS"] }

// scaled reports whether both SYNs had the window scale option.
func (f *flow) scaled() bool { return f.synScaled && f.peer.Named["WS"] }

// putOptions gives a segment the options it names, and those that the connection has agreed on.
func (p *player) putOptions(n notation.Segment, o *wire.TCPOptions) {
	syn := n.Ctl.Has(wire.SYN)
	offer := n
	if syn && !offers(n) {
		offer = p.peer
	}
	o.HasMSS, o.MSS = offer.Named["MSS"], uint16(offer.MSS)
	o.HasWScale, o.WScale = offer.Named["WS"], uint8(offer.WS)
	o.SACKPermitted = offer.Named["SACKOK"]
	switch {
	case n.Named["NOTS"]:
	case n.Named["TS"] && !syn:
		o.HasTimestamps, o.TSVal, o.TSEcr = true, peerClock+uint32(n.TSVal), p.tsBase+uint32(n.TSEcr)
	case offer.Named["TS"] && syn:
		o.HasTimestamps, o.TSVal = true, p.stamp(offer)
		if n.Ctl.Has(wire.ACK) {
			o.TSEcr = p.tsLatest
		}
	case p.stamped():
		o.HasTimestamps, o.TSVal, o.TSEcr = true, p.stamp(p.peer), p.tsLatest
	}
	for i, b := range n.SACK {
		o.SACK[i] = wire.SACKBlock{Left: p.iss + uint32(b[0]), Right: p.iss + uint32(b[1])}
		o.NSACK++
	}
}

// stamp returns the peer's timestamp, whose clock began with the one that its SYN was said to have.
func (p *player) stamp(syn notation.Segment) uint32 {
	return peerClock + uint32(p.clock.Milliseconds()) + uint32(syn.TSVal)
}

// expectation is a parsed "<" step.
type expectation struct {
	after time.Duration // about so long after what went before; 0: at once
	text  string
	count int
}

func parseExpectation(args string) (e expectation, err error) {
	e.count = 1
	if first, rest, ok := strings.Cut(args, " "); ok && first[0] != '<' {
		if first == "soon" {
			e.after = soon
		} else if e.after, err = time.ParseDuration(first); err != nil {
			return e, err
		}
		args = strings.TrimSpace(rest)
	}
	if i := strings.LastIndex(args, ">"); i >= 0 && i+1 < len(args) {
		if _, err = fmt.Sscanf(args[i+1:], " x%d", &e.count); err != nil {
			return e, err
		}
		args = args[:i+1]
	}
	e.text = args
	_, err = notation.Parse(numbers.ReplaceAllString(args, "0"))
	return e, err
}

// soon is written for a delay that is but a tick of the kernel's clock, of which it has at least a hundred a second.
const soon = time.Nanosecond

// expect takes the next segments that the endpoint sent and compares them.
func (p *player) expect(e expectation) error {
	for i := range e.count {
		want, err := notation.Parse(p.substitute(e.text))
		if err != nil {
			return err
		}
		want.Seq += i * want.Data
		a, err := p.nextAnswer(e.after)
		if err != nil {
			return err
		}
		if err := p.compare(a, want); err != nil {
			return err
		}
		p.matched = append(p.matched, match{p.step, a})
		delay := a.at - p.last
		p.last = a.at
		if err := checkDelay(a, delay, e.after, p.on); err != nil {
			return err
		}
	}
	p.clock += e.after.Truncate(time.Millisecond)
	return nil
}

// compare looks for differences between what came and what is wanted.
func (p *player) compare(a answer, want notation.Segment) error {
	if a.flow != p.flow {
		return fmt.Errorf("got %v to port %d", a.segment, a.flow.port)
	}
	want.TSVal = a.segment.TSVal // the endpoint's clock is its own
	if d := notation.Differences(a.segment, want); len(d) > 0 {
		return fmt.Errorf("got %v: %s", a.segment, strings.Join(d, "; "))
	}
	return nil
}

// nextAnswer returns the next segment of the endpoint, for which it waits if it is expected after a while.
func (p *player) nextAnswer(after time.Duration) (answer, error) {
	if len(p.queue) == 0 && after > 0 {
		p.pace.check(p.end.now())
		if err := p.collect(p.end.wait(latest(after))); err != nil {
			return answer{}, err
		}
		if len(p.queue) > 0 {
			p.pace.resume(p.queue[len(p.queue)-1].at)
		}
	}
	if len(p.queue) == 0 {
		return answer{}, fmt.Errorf("nothing was sent")
	}
	a := p.queue[0]
	p.queue = p.queue[1:]
	return a, nil
}

// latest is the longest that a delay is waited for.
func latest(d time.Duration) time.Duration { return 3*d + time.Second }

// errLate is what a delay that is longer than expected wraps. The kernel has its timers run when it finds the time.
var errLate = errors.New("late")

// checkDelay judges how long after what went before a was sent. The kernel rounds, to ticks of its clock, and to fewer of
// them the longer a timer runs.
func checkDelay(a answer, delay, want time.Duration, on side) error {
	switch {
	case want == 0 && a.prompt:
		return nil
	case want == 0:
		return fmt.Errorf("sent only after %v", round(delay))
	case want == soon && delay < time.Second:
		return nil
	case delay < want*8/10, on == ours && delay < want*9/10:
		return fmt.Errorf("sent after %v already", round(delay))
	case delay > want*14/10+50*time.Millisecond, on == ours && delay > want*11/10:
		return fmt.Errorf("sent only after %v: %w", round(delay), errLate)
	}
	return nil
}
