package tcp_test

import (
	"reflect"
	"testing"
	"unsafe"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/tcp"
)

// transfer sends n bytes from a to b, of which segments are lost as lose says, and waits until nothing is under way.
func (l *loop) transfer(t *testing.T, n int, lose func(segment int) bool) {
	t.Helper()
	segment := 0
	for turns := 0; n > 0 || l.a.Deadline() != mono.Never || l.b.Deadline() != mono.Never; turns++ {
		if b := l.a.Reserve(min(n, len(l.src))); len(b) > 0 {
			n -= len(b)
			l.a.Commit(l.now, len(b), n == 0)
		}
		if turns == 10_000 {
			t.Fatalf("it does not end: %+v", l.a.Info(l.now))
		}
		for lose(segment) && l.move(l.a, nil, false) > 0 {
			segment++
		}
		segment++
		moved := l.move(l.a, l.b, false) + l.read() + l.move(l.b, l.a, false)
		l.now += 1_000_000
		if moved == 0 {
			l.now = max(l.now, min(l.a.Deadline(), l.b.Deadline()))
		}
		l.a.Tick(l.now)
		l.b.Tick(l.now)
		l.move(l.a, l.b, false)
		l.move(l.b, l.a, false)
	}
	if l.move(l.a, nil, false)+l.move(l.b, nil, false) > 0 {
		t.Fatal("something is to be sent after all")
	}
}

// A connection with nothing under way rests, and remembers what it needs, whatever has happened to it.
func TestRest(t *testing.T) {
	never := func(int) bool { return false }
	for _, c := range []struct {
		name string
		cfg  tcp.Config
		lose func(segment int) bool
	}{
		{name: "in order", lose: never},
		{name: "losses", lose: func(n int) bool { return n == 3 || n == 20 }},
		{name: "losses, no SACK", cfg: tcp.Config{NoSACK: true}, lose: func(n int) bool { return n == 3 }},
		{name: "no options", cfg: tcp.Config{NoSACK: true, NoTimestamps: true}, lose: never},
		{name: "search for the MTU", cfg: tcp.Config{MTUProbing: tcp.ProbeAlways}, lose: never},
		{name: "paced", cfg: tcp.Config{Congestion: "bbr"}, lose: never},
		{name: "keep-alive", cfg: tcp.Config{}, lose: never},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLoop(c.cfg, 0)
			for _, n := range []int{1, 100_000, 0, 1_000_000, 10} {
				l.transfer(t, n, c.lose)
				if c.name == "keep-alive" {
					l.a.SetKeepAlive(l.now, true)
					l.move(l.a, nil, false)
				}
				for name, conn := range map[string]*tcp.Conn{"sender": l.a, "receiver": l.b} {
					if !conn.Rests() {
						t.Fatalf("after %d bytes, %s: does not rest: %+v", n, name, conn.Info(l.now))
					}
					deadline := conn.Deadline()
					first := conn.Waken()
					if d := conn.Deadline(); d != deadline {
						t.Errorf("after %d bytes, %s: deadline %v, was %v", n, name, d, deadline)
					}
					conn.LieDown()
					if again := conn.Waken(); !reflect.DeepEqual(first, again) {
						t.Errorf("after %d bytes, %s: another rest makes\n%+v of\n%+v", n, name, again, first)
					}
					conn.LieDown()
				}
				l.a.SetKeepAlive(l.now, false)
				l.move(l.a, nil, false)
			}
		})
	}
}

// A million connections multiply the size of one. The allocator needs 8 bytes to make 568 fit its 576.
func TestSize(t *testing.T) {
	if size := unsafe.Sizeof(tcp.Conn{}); size > 568 {
		t.Errorf("a Conn has %d bytes", size)
	}
}
