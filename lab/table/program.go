package table

import (
	"fmt"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/lab/exp4"
)

// FromSDK takes a message of an SDK that has said hello. What it says of connections that it does not have is ignored,
// but for segments.
func (t *Table) FromSDK(now mono.Time, sdk SDK, m *exp4.Message) {
	p := t.attached[sdk]
	if p == nil {
		t.counters.BeforeHello++
		return
	}
	if m.Tick {
		t.Mistake(sdk, "a tick is for the driver to send")
		return
	}
	c := t.byName[m.Conn]
	if c != nil && c.sdk != sdk {
		c = nil
	}
	if m.Flags == exp4.Segment {
		t.transmit(now, sdk, c, m)
		return
	}
	if c == nil {
		t.counters.UnknownConn++
		return
	}
	c.last = now
	switch m.Flags {
	case exp4.Connect:
		t.onConnected(c)
	case exp4.PeerConnect:
		t.onPeerConnected(c)
	case exp4.Data:
		t.onRecv(c, m)
	case exp4.FIN:
		t.onPeerFIN(c)
	case exp4.RST:
		t.end(c, Reset)
		t.counters.PeerResets++
		t.forget(now, c, true)
	case exp4.Release:
		t.end(c, Close)
		t.counters.Released++
		t.forget(now, c, true)
	default:
		t.Mistake(sdk, "%s is no call", m.Flags.ToDriver())
	}
}

func (t *Table) onConnected(c *conn) {
	switch {
	case c.called:
		t.Mistake(c.sdk, "app_connected was called where it has to be peer_connected")
		return
	case c.connected:
		t.Mistake(c.sdk, "app_connected was called twice")
		return
	}
	c.connected = true
	t.counters.Connected++
	t.act(Action{Kind: Read, App: c.app})
}

func (t *Table) onRecv(c *conn, m *exp4.Message) {
	switch {
	case c.peerFIN:
		t.Mistake(c.sdk, "app_recv was called after app_peer_fin")
	case !c.connected:
		t.Mistake(c.sdk, "app_recv was called before %s", c.opening())
	case len(m.Bytes) > 0:
		t.counters.ToApp += uint64(len(m.Bytes))
		t.act(Action{Kind: Write, App: c.app, Bytes: m.Bytes})
	}
}

func (t *Table) onPeerFIN(c *conn) {
	switch {
	case c.peerFIN:
		t.Mistake(c.sdk, "app_peer_fin was called twice")
		return
	case c.isRinging():
		t.Mistake(c.sdk, "app_peer_fin was called before peer_connected")
		return
	}
	c.peerFIN = true
	t.act(Action{Kind: Shutdown, App: c.app})
}

// Mistake counts a mistake of an SDK, and reports the first one of its kind.
func (t *Table) Mistake(sdk SDK, format string, args ...any) {
	t.counters.Mistakes++
	t.reportOnce(sdk, format, args...)
}

// reportOnce reports something of an SDK if nothing of this kind was reported before.
func (t *Table) reportOnce(sdk SDK, format string, args ...any) {
	p := t.attached[sdk]
	if p == nil || p.told[format] {
		return
	}
	p.told[format] = true
	t.act(Action{Kind: Report, Text: fmt.Sprintf("SDK %d: ", sdk+1) + fmt.Sprintf(format, args...)})
}
