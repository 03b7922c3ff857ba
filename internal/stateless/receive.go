package stateless

import (
	"net/netip"
	"time"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/wire"
)

// Recv takes a packet that came, which stays the caller's. checked says that its transport checksum needs no look: the device
// vouches for it, or it is partial.
func (e *Engine) Recv(now mono.Time, packet []byte, checked bool) Drop {
	e.begin(now)
	d := e.recv(now, packet, checked)
	if d != 0 {
		e.counters.Drops[d]++
	}
	return d
}

// arrival is a segment that came.
type arrival struct {
	wire.TCP
	src  netip.AddrPort // our end
	text int            // its length
	id   identity
}

func (e *Engine) recv(now mono.Time, packet []byte, checked bool) Drop {
	var a arrival
	if d := e.parse(packet, checked, &a); d != 0 {
		return d
	}
	if !e.room(2) {
		return DropRepliesFull
	}
	if a.Flags.Has(wire.RST) && !a.Flags.Has(wire.ACK) { // it acknowledges nothing, and so proves nothing
		return DropBadCookie
	}
	if !a.Flags.Has(wire.ACK) {
		return DropUnexpected
	}
	var ok bool
	if a.id, ok = e.identify(now, a.src, &a.TCP); !ok {
		return DropBadCookie
	}
	switch {
	case a.Flags.Has(wire.RST):
		return e.onRST(&a)
	case a.Flags.Has(wire.SYN):
		return e.onSYNACK(now, &a)
	case !a.Options.HasTimestamps:
		return DropUnexpected // of a connection that was reset
	case a.text > 0 || a.Flags.Has(wire.FIN):
		return e.onText(now, &a)
	}
	return e.onPureACK(&a)
}

// parse reads the headers of a packet and finds out whether it can be for us.
func (e *Engine) parse(packet []byte, checked bool, a *arrival) Drop {
	var src, dst netip.Addr
	var segment []byte
	if e.cfg.Target.Addr().Is4() {
		ip, payload, err := wire.ParseIPv4(packet)
		if err != nil {
			return DropMalformed
		}
		if ip.Proto != wire.ProtoTCP || ip.IsFragment() {
			return DropNotOurs
		}
		src, dst, segment = ip.Src, ip.Dst, payload
	} else {
		ip, payload, err := wire.ParseIPv6(packet)
		if err != nil {
			return DropMalformed
		}
		if ip.Proto != wire.ProtoTCP || ip.IsFragment() {
			return DropNotOurs
		}
		src, dst, segment = ip.Src, ip.Dst, payload
	}
	if !checked && !wire.TransportChecksumOK(wire.ProtoTCP, src, dst, segment) {
		return DropMalformed
	}
	h, text, err := wire.ParseTCP(segment)
	if err != nil {
		return DropMalformed
	}
	if src != e.cfg.Target.Addr() || h.SrcPort != e.cfg.Target.Port() || !e.isSource(dst, h.DstPort) {
		return DropNotOurs
	}
	a.TCP, a.src, a.text = h, netip.AddrPortFrom(dst, h.DstPort), len(text)
	return 0
}

// onRST notes that a connection was refused, or later reset.
//
// RFC 9293, Section 3.10.7.1: "If the ACK bit is off, sequence number zero is used" for the reset that answers a SYN.
func (e *Engine) onRST(a *arrival) Drop {
	if a.Seq == 0 && a.id.acked == 0 {
		e.counters.Refused++
	} else {
		e.counters.Resets++
	}
	return 0
}

// repeatAfter is when a SYN-ACK is repeated if nothing answers it: one so late is not the first.
//
// RFC 6298, Section 2: "Until a round-trip time (RTT) measurement has been made for a segment sent between the sender and receiver,
// the sender SHOULD set RTO <- 1 second"
const repeatAfter = time.Second

// onSYNACK completes a handshake, with the request if there is one: so the peer asks again, with another SYN-ACK, if it is lost.
func (e *Engine) onSYNACK(now mono.Time, a *arrival) Drop {
	if a.id.acked != 0 || a.id.phase != phaseSYN {
		return DropBadCookie
	}
	if age := e.age(now, a.id.stamp); age < repeatAfter {
		e.counters.Opened++
		e.sample(Handshake, age)
	} else {
		e.counters.Repeated++
	}
	if e.cfg.Mode == SYNFlood {
		return 0
	}
	if !a.Options.HasTimestamps {
		e.counters.NoTimestamps++
		e.reset(a)
		return 0
	}
	switch e.cfg.Mode {
	case Connect:
		if e.cfg.FIN {
			e.answer(a, wire.ACK|wire.FIN, phaseClosing, wideWindow)
		} else {
			e.reset(a)
		}
	case Hold:
		e.answer(a, wire.ACK, phaseOpen, wideWindow)
	default:
		r := e.answerTo(a, wire.ACK|wire.PSH, phaseOpen, e.window())
		r.text = true
		e.push(r)
	}
	return 0
}

// onText acknowledges text, and a FIN with one of ours.
func (e *Engine) onText(now mono.Time, a *arrival) Drop {
	if e.cfg.Mode == SYNFlood || e.cfg.Mode == Connect && !e.cfg.FIN {
		return DropUnexpected
	}
	e.counters.Bytes += uint64(a.text)
	window := uint16(wideWindow)
	if e.cfg.Mode == SlowRead {
		window = 0
	}
	if !a.Flags.Has(wire.FIN) {
		e.answer(a, wire.ACK, max(a.id.phase, phaseReading), window)
		return 0
	}
	if a.id.phase < phaseClosing || e.cfg.Mode == Connect {
		e.onFirstFIN(now, a)
	}
	flags := wire.ACK
	if !e.finAcked(a) {
		flags |= wire.FIN
	}
	e.answer(a, flags, phaseClosing, window)
	return 0
}

// finAcked reports whether the peer has got our FIN.
func (e *Engine) finAcked(a *arrival) bool { return a.id.acked == len(e.cfg.Request)+1 }

// onFirstFIN notes that the peer closes a connection.
func (e *Engine) onFirstFIN(now mono.Time, a *arrival) {
	if e.cfg.Mode == Request {
		e.counters.Answered++
		e.sample(Answer, e.age(now, a.id.stamp))
		return
	}
	e.counters.Closed++
}

// onPureACK answers probes: of a connection that is held, to know whether we are still there, and of one that is read slowly, to
// know whether there is a window again. Before anything was read, an acknowledgment is that of the request and wants no answer.
//
// RFC 9293, Section 3.8.4: a keep-alive has the sequence number SND.NXT-1; and a zero-window probe of ours, and of Linux, too.
func (e *Engine) onPureACK(a *arrival) Drop {
	window := uint16(wideWindow)
	switch {
	case e.cfg.Mode == Hold && a.id.phase < phaseClosing:
	case e.cfg.Mode == SlowRead && a.id.phase == phaseReading:
		window = e.cfg.Window
		if e.cfg.Stuck {
			window = 0
		}
	default:
		return 0
	}
	e.counters.Probes++
	r := e.answerTo(a, wire.ACK, a.id.phase, window)
	r.ack++ // what the probe pretends to lack
	e.push(r)
	return 0
}

// answerTo returns a segment that acknowledges all of a.
func (e *Engine) answerTo(a *arrival, flags wire.Flags, p phase, window uint16) reply {
	ack := a.Seq + uint32(a.text)
	if a.Flags&(wire.SYN|wire.FIN) != 0 {
		ack++
	}
	return reply{
		src: a.src, seq: a.Ack, ack: ack, flags: flags, window: window,
		stamps: a.Options.HasTimestamps, tsVal: timestamp(a.id.stamp, p), tsEcr: a.Options.TSVal,
	}
}

func (e *Engine) answer(a *arrival, flags wire.Flags, p phase, window uint16) {
	e.push(e.answerTo(a, flags, p, window))
}

// reset completes a handshake and takes the connection back.
func (e *Engine) reset(a *arrival) {
	e.answer(a, wire.ACK, phaseOpen, wideWindow)
	e.answer(a, wire.ACK|wire.RST, phaseClosing, wideWindow)
}
