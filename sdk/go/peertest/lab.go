package peertest

import (
	"container/heap"
	"fmt"
	"testing"
	"time"

	"github.com/antedon-net/antedon/internal/buffer"
	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/internal/siphash"
	"github.com/antedon-net/antedon/internal/tcptest"
	"github.com/antedon-net/antedon/sdk/go/api"
	"github.com/antedon-net/antedon/tcp"
	"github.com/antedon-net/antedon/wire"
)

// Setup is what path and peer are like.
type Setup struct {
	Peer  tcp.Config
	Delay time.Duration // of the path, one way: 5 ms
	IPv6  bool
	Piece int // how many bytes of an application the driver passes on at a time: 1460

	// Path says what becomes of the n-th segment in a direction; nil delivers everything.
	Path func(toPeer bool, n int, h *wire.TCP, data []byte) tcptest.Fate

	// Limit is the virtual time after which everything must have ended: 10 minutes.
	Limit time.Duration
}

// Lab is a driver with its applications, a path, and a peer. It is the api.Driver of the TCP under test.
type Lab struct {
	t     testing.TB
	setup Setup
	peers tcp.Config
	env   tcp.Env

	tcp    api.Outgoing
	now    mono.Time
	events events
	calls  map[api.Conn]*Call
	sent   [2]int // segments, from the peer and to it
	record tcptest.Record
}

// New returns a lab to which a TCP is to be attached.
func New(t testing.TB, setup Setup) *Lab {
	if setup.Delay == 0 {
		setup.Delay = 5 * time.Millisecond
	}
	if setup.Limit == 0 {
		setup.Limit = 10 * time.Minute
	}
	if setup.Piece == 0 {
		setup.Piece = 1460
	}
	return &Lab{
		t: t, setup: setup, peers: setup.Peer.WithDefaults(),
		env: tcp.Env{Pool: buffer.NewPool(0), Secret: siphash.Key{K0: 1}},
		now: mono.Time(time.Second), calls: make(map[api.Conn]*Call),
	}
}

// Attach says which TCP is under test.
func (l *Lab) Attach(tcp api.Outgoing) { l.tcp = tcp }

// Now is the virtual time.
func (l *Lab) Now() mono.Time { return l.now }

// At calls f when that time has come.
func (l *Lab) At(at mono.Time, f func()) {
	heap.Push(&l.events, event{at: max(at, l.now), order: l.events.pushed, do: f})
	l.events.pushed++
}

// After calls f when so much time has passed.
func (l *Lab) After(d time.Duration, f func()) { l.At(l.now.Add(d), f) }

// tickEvery is how often the TCP under test gets a tick.
const tickEvery = 100 * time.Millisecond

// Run lets time pass until every connection has ended, and checks how.
func (l *Lab) Run() {
	l.t.Helper()
	end := l.now.Add(l.setup.Limit)
	l.After(tickEvery, l.tick)
	for !l.over() {
		e := heap.Pop(&l.events).(event)
		if l.now = e.at; l.now > end {
			l.fail("no end")
		}
		e.do()
	}
	for _, c := range l.calls {
		c.checkEnd()
	}
}

func (l *Lab) tick() {
	l.tcp.Tick()
	l.After(tickEvery, l.tick)
}

func (l *Lab) over() bool {
	for _, c := range l.calls {
		if !c.over() {
			return false
		}
	}
	return true
}

// fail ends the test with the state of everything, and the packets in a file.
func (l *Lab) fail(format string, args ...any) {
	l.t.Helper()
	text := fmt.Sprintf(format, args...)
	for name, c := range l.calls {
		if !c.over() || len(l.calls) == 1 {
			text += fmt.Sprintf("\n%v: %v", name, c)
		}
	}
	l.t.Fatalf("at %v, after %d segments up and %d down: %s\ncapture: %s",
		time.Duration(l.now), l.sent[1], l.sent[0], text, l.record.Write())
}

// Elapsed returns how much virtual time has passed.
func (l *Lab) Elapsed() time.Duration { return l.now.Sub(mono.Time(time.Second)) }

// Segments returns how many segments went to the peer, and how many came from it.
func (l *Lab) Segments() (up, down int) { return l.sent[1], l.sent[0] }

// event is something that will happen.
type event struct {
	at    mono.Time
	order int // of those at the same time, the first asked for is first
	do    func()
}

// events is a heap, the next one first.
type events struct {
	list   []event
	pushed int
}

func (e *events) Len() int { return len(e.list) }
func (e *events) Less(i, j int) bool {
	a, b := &e.list[i], &e.list[j]
	return a.at < b.at || a.at == b.at && a.order < b.order
}
func (e *events) Swap(i, j int) { e.list[i], e.list[j] = e.list[j], e.list[i] }
func (e *events) Push(x any)    { e.list = append(e.list, x.(event)) }
func (e *events) Pop() any {
	last := len(e.list) - 1
	x := e.list[last]
	e.list[last] = event{}
	e.list = e.list[:last]
	return x
}
