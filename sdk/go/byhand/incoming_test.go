package main

import (
	"testing"

	"github.com/antedon-net/antedon/sdk/go/api"
)

// called returns a script whose TCP has answered a SYN.
func called(t *testing.T) *script {
	s := &script{t: t}
	s.o = newOutgoing(s)
	s.o.iss = func() uint32 { return ourISS }
	s.call(segment{flags: syn})
	s.expect("SYN|ACK seq 0 ack 1")
	return s
}

func (s *script) call(seg segment) {
	seg.seq += peerISS
	s.o.PeerConnect(scriptConn, seg.bytes(scriptConn))
}

// TestCalled: what a connection in SYN-RECEIVED answers to a segment.
func TestCalled(t *testing.T) {
	for _, tt := range []struct {
		name string
		seg  segment
		want []string
	}{
		{"ACK", segment{seq: 1, ack: 1, flags: ack}, []string{"called"}},
		{"ACK with text", segment{seq: 1, ack: 1, flags: ack | psh, data: []byte("abc")}, []string{"called", `recv "abc"`, "ACK seq 1 ack 4"}},
		{"ACK with text and FIN", segment{seq: 1, ack: 1, flags: fin | ack, data: []byte("abc")},
			[]string{"called", `recv "abc"`, "ACK seq 1 ack 4", "ACK seq 1 ack 5", "peer fin"}},
		{"text behind a hole", segment{seq: 4, ack: 1, flags: ack, data: []byte("def")}, []string{"called", "ACK seq 1 ack 1"}},
		{"the SYN again", segment{seq: 0, flags: syn}, []string{"ACK seq 1 ack 1"}},
		{"ACK of nothing", segment{seq: 1, ack: 0, flags: ack}, []string{"RST seq 0"}},
		{"ACK of what was not sent", segment{seq: 1, ack: 2, flags: ack}, []string{"RST seq 2"}},
		{"RST", segment{seq: 1, flags: rst}, []string{"peer rst"}},
		{"RST in the window", segment{seq: 2, flags: rst}, nil},
		{"no ACK", segment{seq: 1, data: []byte("abc")}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := called(t)
			s.recv(tt.seg)
			s.expect(tt.want...)
		})
	}
}

// TestCalledWithText: text in the SYN is left, to be sent again.
func TestCalledWithText(t *testing.T) {
	s := &script{t: t}
	s.o = newOutgoing(s)
	s.o.iss = func() uint32 { return ourISS }
	s.call(segment{flags: syn, data: []byte("abc")})
	s.expect("SYN|ACK seq 0 ack 1")
	s.recv(segment{seq: 1, ack: 1, flags: ack, data: []byte("abc")})
	s.expect("called", `recv "abc"`, "ACK seq 1 ack 4")
}

// TestCalledNoAnswer: the SYN-ACK is sent again, and at last the caller is given up.
func TestCalledNoAnswer(t *testing.T) {
	s := called(t)
	s.ticks(firstRTO)
	s.expect("SYN|ACK seq 0 ack 1")
	s.ticks(maxRTO * maxRetries)
	if n := len(s.said); n != maxRetries+1 || s.said[n-2] != "RST seq 1" || s.said[n-1] != "peer rst" {
		t.Errorf("got %q", s.said)
	}
	if len(s.o.conns) > 0 {
		t.Error("the connection is kept")
	}
}

// TestCalledAppRst: what the driver gives up, or the listener refuses, is reset.
func TestCalledAppRst(t *testing.T) {
	s := called(t)
	s.o.AppRst(scriptConn)
	s.expect("RST seq 1")
	s.recv(segment{seq: 1, ack: 1, flags: ack})
	s.expect()
}

// TestCalledNonsense: what is no SYN is given back.
func TestCalledNonsense(t *testing.T) {
	s := &script{t: t}
	s.o = newOutgoing(s)
	s.call(segment{flags: fin})
	s.o.PeerConnect(scriptConn, []byte("nonsense"))
	s.expect("release", "release")
}

var _ api.Incoming = (*outgoing)(nil)
