package main

import (
	"bytes"
	"testing"

	"github.com/antedon-net/antedon/sdk/go/api"
	"github.com/antedon-net/antedon/sdk/go/peertest"
)

// attach makes the TCP under test, whose sequence numbers are about to wrap around.
func attach(lab *peertest.Lab) api.Outgoing {
	o := newOutgoing(lab)
	o.iss = func() uint32 { return 1<<32 - 5000 }
	return o
}

func TestCourse(t *testing.T) { peertest.Course(t, attach) }

// TestCourseIn: the same when the peer calls.
func TestCourseIn(t *testing.T) { peertest.CourseIn(t, attach) }

// TestUnanswered: a peer that does not answer is given up, and the application is told.
func TestUnanswered(t *testing.T) {
	lab := peertest.New(t, peertest.Setup{})
	lab.Attach(attach(lab))
	lab.Dial(peertest.Plan{Ignored: true})
	lab.Run()
	if up, _ := lab.Segments(); up != 1+maxRetries+1 {
		t.Errorf("%d segments, want the SYN, %d repeated, and a RST", up, maxRetries)
	}
}

// TestForgets: what has ended leaves nothing behind.
func TestForgets(t *testing.T) {
	for _, plan := range []peertest.Plan{
		{Up: 1000, Down: 1000},
		{Refused: true},
		{Down: 1000, App: peertest.Never, Peer: peertest.Never, ResetByApp: 500},
		{Up: 1000, App: peertest.Never, Peer: peertest.Never, ResetByPeer: 500},
	} {
		lab := peertest.New(t, peertest.Setup{})
		o := attach(lab).(*outgoing)
		lab.Attach(o)
		lab.Dial(plan)
		lab.Run()
		if len(o.conns) > 0 {
			t.Errorf("%+v: %d connections are left", plan, len(o.conns))
		}
	}
}

// TestNonsense: segments that are none, or of no connection, are passed over.
func TestNonsense(t *testing.T) {
	o := newOutgoing(nil) // any answer would panic
	name := api.Conn{Src: api.Endpoint{IP: "10.7.0.1", Port: 61084}, Dst: api.Endpoint{IP: "10.7.0.2", Port: 80}}
	o.conns[name] = &connection{}
	for n := range headerLen {
		o.TcpRx(name, make([]byte, n))
	}
	o.TcpRx(name, bytes.Repeat([]byte{0xff}, headerLen)) // options beyond the end
	o.TcpRx(name, bytes.Repeat([]byte{0x10}, headerLen)) // a header shorter than a header
	delete(o.conns, name)
	o.TcpRx(name, bytes.Repeat([]byte{0x50}, headerLen))
	o.AppSend(name, []byte("x"))
	o.AppFin(name)
	o.AppRst(name)
	o.Tick()
}
