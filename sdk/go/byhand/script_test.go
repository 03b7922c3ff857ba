package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/antedon-net/antedon/sdk/go/api"
)

// script is a connection whose peer is the test. Numbers are relative: ours begins with the SYN at 0, so does the peer's.
type script struct {
	t    *testing.T
	o    *outgoing
	said []string // what the TCP said since the last expect
}

const ourISS, peerISS = 1<<32 - 100, 1<<32 - 200

var scriptConn = api.Conn{Src: api.Endpoint{IP: "10.7.0.1", Port: 61084}, Dst: api.Endpoint{IP: "10.7.0.2", Port: 80}}

// dial returns a script whose TCP has sent its SYN; connect one whose connection is established.
func dial(t *testing.T) *script {
	s := &script{t: t}
	s.o = newOutgoing(s)
	s.o.iss = func() uint32 { return ourISS }
	s.o.AppConnect(scriptConn)
	s.expect("SYN seq 0")
	return s
}

func connect(t *testing.T) *script {
	s := dial(t)
	s.recv(segment{seq: 0, ack: 1, flags: syn | ack})
	s.expect("ACK seq 1 ack 1", "connected")
	return s
}

func (s *script) AppConnected(api.Conn)        { s.say("connected") }
func (s *script) PeerConnected(api.Conn)       { s.say("called") }
func (s *script) AppRecv(_ api.Conn, b []byte) { s.say("recv %q", b) }
func (s *script) AppPeerFin(api.Conn)          { s.say("peer fin") }
func (s *script) AppPeerRst(api.Conn)          { s.say("peer rst") }
func (s *script) ReleaseConnection(api.Conn)   { s.say("release") }
func (s *script) say(format string, args ...any) {
	s.said = append(s.said, fmt.Sprintf(format, args...))
}

func (s *script) TcpTx(_ api.Conn, b []byte) {
	seg, err := parseSegment(b)
	if err != nil {
		s.t.Fatal(err)
	}
	var names []string
	for i, name := range []string{"FIN", "SYN", "RST", "PSH", "ACK"} {
		if seg.has(1 << i) {
			names = append(names, name)
		}
	}
	text := fmt.Sprintf("%s seq %d", strings.Join(names, "|"), seg.seq-ourISS)
	if seg.has(ack) {
		text += fmt.Sprintf(" ack %d", seg.ack-peerISS)
	}
	if len(seg.data) > 0 {
		text += fmt.Sprintf(" len %d", len(seg.data))
	}
	s.say("%s", text)
}

func (s *script) recv(segs ...segment) {
	for _, seg := range segs {
		seg.seq += peerISS
		if seg.has(ack) {
			seg.ack += ourISS
		}
		s.o.TcpRx(scriptConn, seg.bytes(scriptConn))
	}
}

func (s *script) ticks(n int) {
	for range n {
		s.o.Tick()
	}
}

func (s *script) expect(want ...string) {
	s.t.Helper()
	if fmt.Sprint(s.said) != fmt.Sprint(want) {
		s.t.Fatalf("got  %q\nwant %q", s.said, want)
	}
	s.said = nil
}

// TestArrival: what an established connection answers to a segment.
func TestArrival(t *testing.T) {
	for _, tt := range []struct {
		name string
		seg  segment
		want []string
	}{
		{"text in order", segment{seq: 1, ack: 1, flags: ack, data: []byte("abc")}, []string{`recv "abc"`, "ACK seq 1 ack 4"}},
		{"behind a hole", segment{seq: 4, ack: 1, flags: ack, data: []byte("def")}, []string{"ACK seq 1 ack 1"}},
		{"a FIN behind a hole", segment{seq: 4, ack: 1, flags: fin | ack, data: []byte("def")}, []string{"ACK seq 1 ack 1"}},
		{"beyond the window", segment{seq: 70_000, ack: 1, flags: ack}, []string{"ACK seq 1 ack 1"}},
		{"keep-alive", segment{seq: 0, ack: 1, flags: ack}, []string{"ACK seq 1 ack 1"}},
		{"SYN-ACK again", segment{seq: 0, ack: 1, flags: syn | ack}, []string{"ACK seq 1 ack 1"}},
		{"SYN in the window", segment{seq: 1, ack: 1, flags: syn | ack}, []string{"ACK seq 1 ack 1"}},
		{"RST", segment{seq: 1, flags: rst}, []string{"peer rst"}},
		{"RST in the window", segment{seq: 2, flags: rst}, nil},
		{"RST beyond the window", segment{seq: 70_000, flags: rst}, nil},
		{"no ACK", segment{seq: 1, data: []byte("abc")}, nil},
		{"ACK of what was not sent", segment{seq: 1, ack: 2, flags: ack, data: []byte("abc")}, []string{"ACK seq 1 ack 1"}},
		{"text and FIN", segment{seq: 1, ack: 1, flags: fin | ack, data: []byte("abc")},
			[]string{`recv "abc"`, "ACK seq 1 ack 4", "ACK seq 1 ack 5", "peer fin"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := connect(t)
			s.recv(tt.seg)
			s.expect(tt.want...)
		})
	}
}

// TestRepeated: of bytes that come again none is handed over twice, and the FIN behind them counts.
func TestRepeated(t *testing.T) {
	s := connect(t)
	s.recv(segment{seq: 1, ack: 1, flags: ack, data: []byte("abc")}, segment{seq: 3, ack: 1, flags: ack, data: []byte("cde")})
	s.expect(`recv "abc"`, "ACK seq 1 ack 4", `recv "de"`, "ACK seq 1 ack 6")
	s.recv(segment{seq: 3, ack: 1, flags: fin | ack, data: []byte("cde")})
	s.expect("ACK seq 1 ack 7", "peer fin")
	s.recv(segment{seq: 7, ack: 1, flags: ack, data: []byte("after the end")})
	s.expect()
}

// TestRefused: only a RST that answers our SYN refuses it.
func TestRefused(t *testing.T) {
	s := dial(t)
	s.recv(
		segment{seq: 0, ack: 2, flags: rst | ack},
		segment{seq: 0, ack: 2, flags: syn | ack},
		segment{seq: 0, ack: 1, flags: ack},
		segment{seq: 0, flags: rst},
	)
	s.expect()
	s.recv(segment{seq: 0, ack: 1, flags: rst | ack})
	s.expect("peer rst")
}

// TestTimeout: what is not acknowledged is sent again after 5 ticks, 10, 20, …; an acknowledgment begins anew.
func TestTimeout(t *testing.T) {
	s := connect(t)
	s.o.AppSend(scriptConn, []byte("abc"))
	s.expect("PSH|ACK seq 1 ack 1 len 3")
	for _, rto := range []int{5, 10, 20} {
		s.ticks(rto - 1)
		s.expect()
		s.ticks(1)
		s.expect("PSH|ACK seq 1 ack 1 len 3")
	}
	s.ticks(39)
	s.recv(segment{seq: 1, ack: 4, flags: ack})
	s.o.AppSend(scriptConn, []byte("def"))
	s.expect("PSH|ACK seq 4 ack 1 len 3")
	s.ticks(4)
	s.expect()
	s.ticks(1)
	s.expect("PSH|ACK seq 4 ack 1 len 3")
}

// TestPartial: what is sent again is what is missing.
func TestPartial(t *testing.T) {
	s := connect(t)
	s.o.AppSend(scriptConn, bytes.Repeat([]byte("x"), 3000))
	s.expect("PSH|ACK seq 1 ack 1 len 1400", "PSH|ACK seq 1401 ack 1 len 1400", "PSH|ACK seq 2801 ack 1 len 200")
	s.recv(segment{seq: 1, ack: 2001, flags: ack})
	s.ticks(firstRTO)
	s.expect("PSH|ACK seq 2001 ack 1 len 800", "PSH|ACK seq 2801 ack 1 len 200")
}

// TestFlight: no more than 32 KiB are under way; acknowledgments make room, and the FIN comes last.
func TestFlight(t *testing.T) {
	s := connect(t)
	s.o.AppSend(scriptConn, make([]byte, 34_000))
	s.o.AppFin(scriptConn)
	if n := len(s.said); n != 24 { // 23*1400 are less than 32 KiB
		t.Fatalf("%d segments: %q", n, s.said)
	}
	s.said = nil
	s.recv(segment{seq: 1, ack: 1401, flags: ack})
	s.expect("PSH|ACK seq 33601 ack 1 len 400", "FIN|ACK seq 34001 ack 1")
}

// TestEarlyFin: an application that closes before it is connected.
func TestEarlyFin(t *testing.T) {
	s := dial(t)
	s.o.AppFin(scriptConn)
	s.expect()
	s.recv(segment{seq: 0, ack: 1, flags: syn | ack})
	s.expect("ACK seq 1 ack 1", "connected", "FIN|ACK seq 1 ack 1")
}

// TestActiveClose goes through FIN-WAIT-1, FIN-WAIT-2 and TIME-WAIT, which begins anew when the peer's FIN comes again.
func TestActiveClose(t *testing.T) {
	s := connect(t)
	s.o.AppFin(scriptConn)
	s.expect("FIN|ACK seq 1 ack 1")
	s.recv(segment{seq: 1, ack: 2, flags: ack})
	s.recv(segment{seq: 1, ack: 2, flags: ack, data: []byte("late")})
	s.recv(segment{seq: 5, ack: 2, flags: fin | ack})
	s.expect(`recv "late"`, "ACK seq 2 ack 5", "ACK seq 2 ack 6", "peer fin")
	s.ticks(timeWaitTicks - 1)
	s.recv(segment{seq: 5, ack: 2, flags: fin | ack})
	s.expect("ACK seq 2 ack 6")
	s.ticks(timeWaitTicks - 1)
	s.expect()
	s.ticks(1)
	s.expect("release")
}

// TestSimultaneousClose goes through CLOSING.
func TestSimultaneousClose(t *testing.T) {
	s := connect(t)
	s.o.AppFin(scriptConn)
	s.recv(segment{seq: 1, ack: 1, flags: fin | ack})
	s.expect("FIN|ACK seq 1 ack 1", "ACK seq 2 ack 2", "peer fin")
	s.ticks(firstRTO)
	s.expect("FIN|ACK seq 1 ack 2") // it is not acknowledged yet
	s.recv(segment{seq: 2, ack: 2, flags: ack})
	s.ticks(timeWaitTicks)
	s.expect("release")
}

// TestPassiveClose goes through CLOSE-WAIT and LAST-ACK.
func TestPassiveClose(t *testing.T) {
	s := connect(t)
	s.recv(segment{seq: 1, ack: 1, flags: fin | ack})
	s.o.AppSend(scriptConn, []byte("bye"))
	s.o.AppFin(scriptConn)
	s.expect("ACK seq 1 ack 2", "peer fin", "PSH|ACK seq 1 ack 2 len 3", "FIN|ACK seq 4 ack 2")
	s.recv(segment{seq: 2, ack: 4, flags: ack})
	s.expect()
	s.recv(segment{seq: 2, ack: 5, flags: ack})
	s.expect("release")
}

// TestGivesUp: after as many retransmissions as it makes, the connection is reset at both ends.
func TestGivesUp(t *testing.T) {
	s := connect(t)
	s.o.AppSend(scriptConn, []byte("abc"))
	s.ticks(5 + 10 + 20 + 40 + 80 + 6*maxRTO - 1)
	if n := len(s.said); n != 1+maxRetries {
		t.Errorf("%d segments, want %d", n, 1+maxRetries)
	}
	s.said = nil
	s.ticks(1)
	s.expect("RST seq 4", "peer rst")
	if len(s.o.conns) > 0 {
		t.Error("the connection is not forgotten")
	}
}

// FuzzReceive: whatever comes, in whatever state, nothing panics, and what is not acknowledged stays known.
func FuzzReceive(f *testing.F) {
	for state := closed; state <= timeWait; state++ {
		for _, seg := range []segment{
			{seq: peerISS + 1, ack: ourISS + 4, flags: ack | fin, data: []byte("abc")},
			{seq: peerISS, ack: ourISS + 3, flags: ack | syn},
			{seq: peerISS + 2, ack: ourISS + 6, flags: ack | rst},
		} {
			f.Add(uint8(state), seg.bytes(scriptConn))
		}
	}
	f.Fuzz(func(t *testing.T, in uint8, b []byte) {
		s := connect(t)
		s.o.AppSend(scriptConn, []byte("abc"))
		c := s.o.conns[scriptConn]
		c.state = state(in % uint8(timeWait+1))
		s.o.TcpRx(scriptConn, b)
		s.o.TcpRx(scriptConn, b)
		s.ticks(firstRTO)
		if n := c.snd.nxt - c.snd.una; n > 0 && c.state != closed && (len(c.flight) == 0 || c.flight[0].seq != c.snd.una) {
			t.Errorf("%d sequence numbers are not acknowledged, and not kept: %+v", n, c.flight)
		}
	})
}
