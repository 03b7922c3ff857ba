package main

import (
	"encoding/binary"
	"net/netip"
	"testing"

	"github.com/antedon-net/antedon/sdk/go/api"
	"github.com/antedon-net/antedon/sdk/go/peertest"
	"github.com/antedon-net/antedon/wire"
)

var _ api.Incoming = (*outgoing)(nil)

var calledName = api.Conn{Src: api.Endpoint{IP: "10.7.0.1", Port: 8080}, Dst: api.Endpoint{IP: "10.7.0.2", Port: 40000}}

// fromCaller is a segment to the listener.
func fromCaller(h wire.TCP) []byte {
	h.SrcPort, h.DstPort, h.Window = 40000, 8080, 1000
	b := h.AppendTo(nil)
	pseudo := wire.PseudoSum(wire.ProtoTCP, netip.MustParseAddr(calledName.Dst.IP), netip.MustParseAddr(calledName.Src.IP), len(b))
	binary.BigEndian.PutUint16(b[checksumAt:], wire.TransportChecksum(pseudo, b))
	return b
}

// callRecorder is a driver that is told about calls.
type callRecorder struct {
	recorder
	connected, released int
}

func (r *callRecorder) PeerConnected(api.Conn)     { r.connected++ }
func (r *callRecorder) ReleaseConnection(api.Conn) { r.released++ }

func newCallRecorder(t *testing.T) (*callRecorder, *outgoing) {
	lab := peertest.New(t, peertest.Setup{})
	rec := &callRecorder{recorder: recorder{Driver: lab}}
	return rec, newOutgoing(rec, &labClock{lab: lab})
}

// TestCalled: a SYN is answered, and the driver told when that has been acknowledged.
func TestCalled(t *testing.T) {
	rec, o := newCallRecorder(t)
	o.PeerConnect(calledName, fromCaller(wire.TCP{Seq: 7, Flags: wire.SYN}))
	if len(rec.segments) != 1 {
		t.Fatalf("%d segments, want a SYN-ACK", len(rec.segments))
	}
	answer, _, err := wire.ParseTCP(rec.segments[0])
	if err != nil || answer.Flags != wire.SYN|wire.ACK || answer.Ack != 8 || answer.SrcPort != 8080 || rec.connected != 0 {
		t.Fatalf("got %+v, %v, want a SYN-ACK", answer, err)
	}
	o.TcpRx(calledName, fromCaller(wire.TCP{Seq: 8, Ack: answer.Seq + 1, Flags: wire.ACK}))
	if rec.connected != 1 {
		t.Errorf("PeerConnected was called %d times, want once", rec.connected)
	}
}

// TestCalledNonsense: what cannot be answered is given back, and leaves nothing behind.
func TestCalledNonsense(t *testing.T) {
	rec, o := newCallRecorder(t)
	wrong := fromCaller(wire.TCP{Seq: 7, Flags: wire.SYN})
	wrong[checksumAt]++
	nowhere := api.Conn{Src: calledName.Src, Dst: api.Endpoint{IP: "nowhere", Port: 80}}
	o.PeerConnect(calledName, wrong)
	o.PeerConnect(calledName, []byte("nonsense"))
	o.PeerConnect(nowhere, fromCaller(wire.TCP{Seq: 7, Flags: wire.SYN}))
	o.PeerConnect(calledName, fromCaller(wire.TCP{Seq: 7, Ack: 9, Flags: wire.ACK}))
	if rec.released != 4 || len(o.conns) != 0 || o.env.Pool.Used() != 0 {
		t.Errorf("%d were released, want 4; %d are kept", rec.released, len(o.conns))
	}
	if len(rec.segments) != 1 {
		t.Errorf("%d segments, want a RST for the ACK", len(rec.segments))
	}
}

// TestForgetsCalls: what has ended leaves nothing behind.
func TestForgetsCalls(t *testing.T) {
	for _, plan := range []peertest.Plan{
		{Up: 100_000, Down: 100_000},
		{App: peertest.Never, Peer: peertest.Never, ResetByApp: -1},
		{Up: 100_000, App: peertest.Never, Peer: peertest.Never, ResetByPeer: 50_000},
	} {
		lab := peertest.New(t, peertest.Setup{})
		o := attach(lab).(*outgoing)
		lab.Attach(o)
		for range 10 {
			lab.DialIn(plan)
		}
		lab.Run()
		if len(o.conns) > 0 || o.env.Pool.Used() > 0 {
			t.Errorf("%+v: %d connections and %d bytes are left", plan, len(o.conns), o.env.Pool.Used())
		}
	}
}
