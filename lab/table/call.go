package table

import (
	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/lab/exp4"
	"github.com/antedon-net/antedon/wire"
)

// TakesCalls reports whether an SDK is attached that takes connections which others begin.
func (t *Table) TakesCalls(sdk SDK) bool {
	p := t.attached[sdk]
	return p != nil && p.takesCall
}

// IsCall reports whether a segment from the wire begins a connection: then it is for Called or NobodyHome, and else for
// FromWire. A SYN for one that exists is its TCP's business.
func (t *Table) IsCall(name exp4.Conn, segment []byte) bool {
	h, _, err := wire.ParseTCP(segment)
	return err == nil && h.Flags&(wire.SYN|wire.ACK|wire.RST) == wire.SYN && t.byName[name] == nil
}

// Called makes a connection for a SYN that came from name.Dst for the listener at name.Src, and has sdk answer it, which
// TakesCalls. app is what the listener's end is going to be.
//
// An SDK that has too many of them gives up the oldest, so a flood of SYNs costs no more than these. One that has too many
// connections takes no more: the SYN is dropped, and comes again.
func (t *Table) Called(now mono.Time, app App, sdk SDK, name exp4.Conn, segment []byte) {
	p := t.attached[sdk]
	if p.talking >= t.cfg.Calls {
		t.counters.Full++
		t.reportOnce(sdk, "%d callers are connected: others have to wait", p.talking)
		return
	}
	if p.ringing.Len() >= t.cfg.HalfOpen {
		t.counters.Crowded++
		t.reportOnce(sdk, "%d callers wait for peer_connected: the oldest are given up", p.ringing.Len())
		t.giveUp(now, p.ringing.Front().Value.(*conn))
	}
	c := &conn{app: app, sdk: sdk, name: name, called: true, last: now, begun: now}
	c.ringing = p.ringing.PushBack(c)
	t.byApp[app], t.byName[name] = c, c
	delete(t.ended, name)
	t.counters.Called++
	t.tell(c, exp4.PeerConnect, segment)
}

// NobodyHome refuses a SYN, since there is no SDK that takes calls.
//
// RFC 9293, Section 3.10.7.1: "If the ACK bit is off, sequence number zero is used, <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>"
func (t *Table) NobodyHome(name exp4.Conn, segment []byte) {
	t.counters.NobodyHome++
	if !t.lonely {
		t.lonely = true
		t.act(Action{Kind: Report, Text: "no SDK is attached that takes incoming connections: they are refused"})
	}
	if h, text, err := wire.ParseTCP(segment); err == nil {
		t.reset(name, wire.TCP{Ack: h.Seq + 1 + uint32(len(text)), Flags: wire.RST | wire.ACK})
	}
}

// onPeerConnected has the listener dialled. It is asked after the handshake, as by a kernel.
func (t *Table) onPeerConnected(c *conn) {
	switch {
	case !c.called:
		t.Mistake(c.sdk, "peer_connected was called for a connection that nobody else began")
	case c.connected:
		t.Mistake(c.sdk, "peer_connected was called twice")
	default:
		t.answered(c)
		c.connected = true
		t.attached[c.sdk].talking++
		t.counters.Connected++
		t.act(Action{Kind: Dial, SDK: c.sdk, App: c.app, Message: exp4.Message{Conn: c.name}})
	}
}

// isRinging reports whether there is no application yet.
func (c *conn) isRinging() bool { return c.ringing != nil }

// opening is the call that says that c is established.
func (c *conn) opening() string {
	if c.called {
		return exp4.PeerConnect.ToDriver()
	}
	return exp4.Connect.ToDriver()
}

// answered notes that a connection is not half open any more.
func (t *Table) answered(c *conn) {
	if c.ringing != nil {
		t.attached[c.sdk].ringing.Remove(c.ringing)
		c.ringing = nil
	}
}

// giveUpCalls ends those that have been half open for too long.
func (t *Table) giveUpCalls(now mono.Time) {
	for sdk, p := range t.attached {
		for e := p.ringing.Front(); e != nil && now.Sub(e.Value.(*conn).begun) >= t.cfg.RingTime; e = p.ringing.Front() {
			t.counters.Unanswered++
			t.reportOnce(sdk, "no peer_connected for a caller within %v: it is given up", t.cfg.RingTime)
			t.giveUp(now, e.Value.(*conn))
		}
	}
}

// giveUp ends a connection that is half open: the SDK is told, and may still tell the caller.
func (t *Table) giveUp(now mono.Time, c *conn) {
	t.tell(c, exp4.RST, nil)
	t.forget(now, c, true)
}

// maxCalls is how many calls that have ended are remembered. Callers choose their names, so time is not bound enough.
const maxCalls = 4096

// A callRing has those, the oldest to be overwritten next.
type callRing struct {
	calls []endedCall
	next  int
}

type endedCall struct {
	name  exp4.Conn
	until mono.Time // as its trace has it: a name may end again, and is then to be remembered for longer
}

// push adds a name that has just ended, and removes the oldest from what is remembered if there are too many.
func (r *callRing) push(name exp4.Conn, ended map[exp4.Conn]trace) {
	call := endedCall{name, ended[name].until}
	if len(r.calls) < maxCalls {
		r.calls = append(r.calls, call)
		return
	}
	if oldest := r.calls[r.next]; ended[oldest.name].until == oldest.until && oldest.name != name {
		delete(ended, oldest.name)
	}
	r.calls[r.next] = call
	r.next = (r.next + 1) % maxCalls
}
