package table

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/antedon-net/antedon/lab/exp4"
	"github.com/antedon-net/antedon/wire"
)

// listener is what is called, caller who calls.
var (
	listener = netip.AddrPortFrom(local, 8080)
	caller   = netip.MustParseAddrPort("10.7.0.2:40000")
	ring     = exp4.Conn{Src: listener, Dst: caller}
	callSYN  = segment(caller, listener, wire.SYN, 0, "")
)

// newCalled returns a bench whose SDK takes calls.
func newCalled(t *testing.T, cfg Config) *bench {
	b := &bench{t, New(cfg), 1}
	b.Attach(b.now, 0, []string{exp4.Incoming})
	b.want("report SDK 1 said hello", `hello 0 1:8484 "network_exp4"`)
	return b
}

// call lets a SYN come from somebody, for sdk if that takes calls.
func (b *bench) call(app App, sdk SDK, from netip.AddrPort) {
	name, syn := exp4.Conn{Src: listener, Dst: from}, segment(from, listener, wire.SYN, 0, "")
	switch {
	case !b.IsCall(name, syn):
		b.FromWire(b.now, name, syn)
	case b.TakesCalls(sdk):
		b.Called(b.now, app, sdk, name, syn)
	default:
		b.NobodyHome(name, syn)
	}
}

// from is the nth caller.
func from(n int) netip.AddrPort { return netip.AddrPortFrom(caller.Addr(), caller.Port()+uint16(n)) }

// TestCall: a connection that somebody else begins, from its beginning to its end.
func TestCall(t *testing.T) {
	b := newCalled(t, Config{})
	b.call(7, 0, caller)
	b.want(fmt.Sprintf("peer_connect 0 8080 %q", callSYN))
	b.call(8, 0, caller) // the same SYN again
	b.want(fmt.Sprintf("tcp_rx 0 8080 %q", callSYN))
	b.say(exp4.Segment, ring, string(segment(listener, caller, wire.SYN|wire.ACK, 1001, "")))
	b.want(`transmit 8080>40000 SYN|ACK seq 1000 ""`)
	ack := segment(caller, listener, wire.ACK, 1001, "hi")
	b.FromWire(b.now, ring, ack)
	b.want(fmt.Sprintf("tcp_rx 0 8080 %q", ack))
	b.say(exp4.PeerConnect, ring, "")
	b.want("dial 7")
	b.say(exp4.Data, ring, "hi")
	b.want(`write 7 "hi"`)
	b.AppBytes(b.now, 7, []byte("hello"))
	b.want(`app_send 0 8080 "hello"`)
	b.say(exp4.FIN, ring, "")
	b.want("shutdown 7")
	b.AppFIN(b.now, 7)
	b.want(`app_fin 0 8080 ""`)
	b.say(exp4.Release, ring, "")
	b.want("close 7")
	if c := b.Counters(); b.Len() != 0 || c.Called != 1 || c.Connected != 1 || c.Released != 1 || c.Ended != 1 || c.Accepted != 0 || c.Mistakes != 0 {
		t.Errorf("got %+v", c)
	}
	b.call(9, 0, caller) // the same two ends, once more
	b.want(fmt.Sprintf("peer_connect 0 8080 %q", callSYN))
}

// TestCallRefused: by the SDK, with a segment that it still may send, and by the listener.
func TestCallRefused(t *testing.T) {
	b := newCalled(t, Config{})
	b.call(1, 0, caller)
	b.want(fmt.Sprintf("peer_connect 0 8080 %q", callSYN))
	rst := string(segment(listener, caller, wire.RST|wire.ACK, 1001, ""))
	b.say(exp4.Release, ring, "")
	b.want() // nobody was dialled, so there is nothing to close
	b.say(exp4.Segment, ring, rst)
	b.want(`transmit 8080>40000 RST|ACK seq 1000 ""`)
	b.call(2, 0, caller)
	b.say(exp4.PeerConnect, ring, "")
	b.want(fmt.Sprintf("peer_connect 0 8080 %q", callSYN), "dial 2")
	b.AppReset(b.now, 2)
	b.want(`app_rst 0 8080 ""`)
	b.say(exp4.Segment, ring, rst)
	b.want(`transmit 8080>40000 RST|ACK seq 1000 ""`)
	if b.Len() != 0 {
		t.Errorf("%d connections are kept", b.Len())
	}
}

// TestNobodyHome: without an SDK that takes calls they are refused, as RFC 9293 has it, and that is reported once.
func TestNobodyHome(t *testing.T) {
	b := newBench(t, Config{}) // has said hello, but not that it takes calls
	for _, sdk := range []SDK{0, 1} {
		if b.TakesCalls(sdk) {
			t.Errorf("SDK %d takes calls", sdk)
		}
	}
	b.call(1, 0, caller)
	b.call(1, 0, caller)
	rst := `transmit 8080>40000 RST|ACK seq 0 ""`
	b.want("report no SDK is attached that takes incoming connections: they are refused", rst, rst)
	b.Attach(b.now, 0, []string{exp4.Incoming})
	b.Detach(b.now, 0, "test")
	b.call(1, 0, caller)
	b.want("report SDK 1 said hello", `hello 0 1:8484 "network_exp4"`, "report SDK 1 is gone: test",
		"report no SDK is attached that takes incoming connections: they are refused", rst)
	if c := b.Counters(); c.NobodyHome != 3 || c.Called != 0 || b.Len() != 0 {
		t.Errorf("got %+v", c)
	}
	b.NobodyHome(ring, []byte("no segment"))
	b.want()
}

// TestIsCall: only a SYN alone begins something.
func TestIsCall(t *testing.T) {
	b := newCalled(t, Config{})
	for _, flags := range []wire.Flags{0, wire.ACK, wire.SYN | wire.ACK, wire.SYN | wire.RST, wire.RST, wire.FIN} {
		if b.IsCall(ring, segment(caller, listener, flags, 0, "")) {
			t.Errorf("%v begins a connection", flags)
		}
	}
	if b.IsCall(ring, []byte("no segment")) || !b.IsCall(ring, callSYN) || !b.IsCall(ring, segment(caller, listener, wire.SYN|wire.ECE|wire.CWR, 0, "")) {
		t.Error("want a SYN to begin a connection, and rubbish not to")
	}
}

// TestHalfOpen: a flood costs no more than the bound, and what was answered is not given up for it.
func TestHalfOpen(t *testing.T) {
	b := newCalled(t, Config{HalfOpen: 3})
	b.call(1, 0, from(0))
	b.say(exp4.PeerConnect, ring, "")
	b.want(peerConnect(0), "dial 1")
	for n := 1; n <= 3; n++ {
		b.call(App(n+1), 0, from(n))
		b.want(peerConnect(n))
	}
	b.call(5, 0, from(4))
	b.want("report SDK 1: 3 callers wait for peer_connected: the oldest are given up", `app_rst 0 8080 ""`, peerConnect(4))
	for n := 5; n < 100; n++ {
		b.call(App(n+1), 0, from(n))
		b.want(`app_rst 0 8080 ""`, peerConnect(n))
		if b.Len() != 4 {
			t.Fatalf("%d connections, want one that is open and 3 half open", b.Len())
		}
	}
	if b.byName[ring] == nil || b.byName[exp4.Conn{Src: listener, Dst: from(97)}] == nil {
		t.Error("want the open one and the newest ones kept")
	}
	b.say(exp4.Data, ring, "still here")
	b.want(`write 1 "still here"`)
	if c := b.Counters(); c.Crowded != 96 {
		t.Errorf("got %+v", c)
	}
}

// TestFlood: nor is more remembered of it than a bound.
func TestFlood(t *testing.T) {
	b := newCalled(t, Config{HalfOpen: 3})
	for n := range 3 * maxCalls {
		b.call(App(n+1), 0, from(n))
		for range 3 {
			b.Next()
		}
		if len(b.ended) > maxCalls || b.Len() > 3 {
			t.Fatalf("after %d SYNs %d connections are kept and %d remembered", n+1, b.Len(), len(b.ended))
		}
	}
	name := exp4.Conn{Src: listener, Dst: from(3*maxCalls - 4)} // the one that was given up last
	b.say(exp4.Segment, name, string(segment(name.Src, name.Dst, wire.RST, 0, "")))
	b.want(fmt.Sprintf(`transmit 8080>%d RST seq 1000 ""`, name.Dst.Port()))
}

// peerConnect is what the SDK hears of the call of from(n).
func peerConnect(n int) string {
	return fmt.Sprintf("peer_connect 0 8080 %q", segment(from(n), listener, wire.SYN, 0, ""))
}

// TestFull: who comes when an SDK has too many callers already has to come again.
func TestFull(t *testing.T) {
	b := newCalled(t, Config{Calls: 2})
	for n := range 2 {
		b.call(App(n+1), 0, from(n))
		b.say(exp4.PeerConnect, exp4.Conn{Src: listener, Dst: from(n)}, "")
		b.want(peerConnect(n), fmt.Sprintf("dial %d", n+1))
	}
	b.call(3, 0, from(2))
	b.want("report SDK 1: 2 callers are connected: others have to wait")
	b.call(4, 0, from(3))
	b.want()
	b.say(exp4.Release, exp4.Conn{Src: listener, Dst: from(0)}, "")
	b.want("close 1")
	b.call(5, 0, from(2))
	b.want(peerConnect(2))
	if c := b.Counters(); c.Full != 2 || b.Len() != 2 {
		t.Errorf("%d connections, %+v", b.Len(), c)
	}
}

// TestRingTime: an SDK that says nothing is taken not to want the connection. SYNs that come again change nothing.
func TestRingTime(t *testing.T) {
	b := newCalled(t, Config{})
	b.call(1, 0, caller)
	b.now = b.now.Add(40 * time.Second)
	b.call(2, 0, from(1))
	b.call(1, 0, caller)
	for range 4 {
		if _, ok := b.Next(); !ok {
			break
		}
	}
	b.now = b.now.Add(35*time.Second - 1)
	b.Tick(b.now)
	b.want()
	b.now++
	b.Tick(b.now)
	b.want("report SDK 1: no peer_connected for a caller within 1m15s: it is given up", `app_rst 0 8080 ""`)
	if b.byName[ring] != nil || b.Len() != 1 || b.Counters().Unanswered != 1 {
		t.Errorf("%d connections, %+v", b.Len(), b.Counters())
	}
	b.say(exp4.PeerConnect, ring, "") // too late
	b.want()
}

// TestCallMistakes: each is counted, and told once.
func TestCallMistakes(t *testing.T) {
	b := newCalled(t, Config{})
	b.call(1, 0, caller)
	b.Next()
	b.say(exp4.Connect, ring, "")
	b.say(exp4.Data, ring, "early")
	b.say(exp4.FIN, ring, "")
	b.want("report SDK 1: app_connected was called where it has to be peer_connected",
		"report SDK 1: app_recv was called before peer_connected", "report SDK 1: app_peer_fin was called before peer_connected")
	b.say(exp4.PeerConnect, ring, "")
	b.say(exp4.PeerConnect, ring, "")
	b.want("dial 1", "report SDK 1: peer_connected was called twice")
	b.accept(2, first)
	b.say(exp4.PeerConnect, first, "")
	b.want("report SDK 1: peer_connected was called for a connection that nobody else began")
}

// TestCallLost: with the SDK its connections go, half open or not, and what comes later for them is refused.
func TestCallLost(t *testing.T) {
	b := newCalled(t, Config{})
	b.call(1, 0, caller)
	b.call(2, 0, from(1))
	b.say(exp4.PeerConnect, ring, "")
	for range 3 {
		b.Next()
	}
	b.Detach(b.now, 0, "test")
	b.want("reset 1", "report SDK 1 is gone: test; its 2 connections are reset")
	b.FromWire(b.now, ring, segment(caller, listener, wire.ACK, 5, "more"))
	b.want(`transmit 8080>40000 RST seq 5 ""`)
}
