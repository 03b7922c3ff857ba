package reactor

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestNoAllocation: a turn with readiness, timers, posted functions and changes of registration allocates nothing.
func TestNoAllocation(t *testing.T) {
	eachBackend(t, func(t *testing.T, c Config) {
		l := newLoop(t, c)
		var buf [16]byte
		calls := 0
		for range 100 {
			a, b := pair(t)
			var d *Desc
			d = register(t, l, a, Readable|OneShot, func(Events) {
				calls++
				_ = d.Modify(Readable | OneShot)
			})
			register(t, l, b, Writable, func(Events) {})
			send(t, b)
		}
		var timer *Timer
		timer = l.NewTimer(func() { timer.Reset(0) })
		timer.Reset(0)
		posted := func() { _, _ = unix.Read(-1, buf[:]) }
		if n := testing.AllocsPerRun(100, func() {
			_ = l.Post(posted)
			_ = l.Turn(time.Second)
		}); n != 0 {
			t.Errorf("%v allocations a turn", n)
		}
		if calls < 5000 {
			t.Errorf("%d callbacks in 100 turns: nothing was measured", calls)
		}
	})
}

// TestNoAllocationInSockets: a round trip over TCP and one over UDP, with idle timeouts and Writev, allocate nothing.
func TestNoAllocationInSockets(t *testing.T) {
	eachBackend(t, func(t *testing.T, c Config) {
		l := newLoop(t, c)
		ln := listen(t, l, "tcp", "127.0.0.1:0", func(c Conn) Handler {
			c.SetIdleTimeout(time.Hour)
			return &echo{}
		})
		trips, packets := 0, 0
		bufs := [][]byte{make([]byte, 10), make([]byte, 20)}
		_, err := l.Dial("tcp", ln.Addr().String(), &Funcs{
			Connect: func(c Conn) { _, _ = c.Writev(bufs) },
			Readable: func(c Conn) {
				if n, err := c.Read(l.Scratch()); n == 30 && err == nil {
					trips++
					_, _ = c.Writev(bufs)
				}
			},
		})
		must(t, err)
		bounce := func(p *Packet) {
			packets++
			n, from, err := p.ReadFrom(l.Scratch())
			if err == nil {
				_, err = p.WriteTo(l.Scratch()[:n], from)
			}
			must(t, err)
		}
		a, err := l.ListenPacket("udp", "127.0.0.1:0", bounce)
		must(t, err)
		b, err := l.ListenPacket("udp", ":0", bounce)
		must(t, err)
		_, err = b.WriteTo([]byte("ball"), a.LocalAddr())
		must(t, err)
		for trips < 10 {
			turn(t, l)
		}
		before := trips
		if n := testing.AllocsPerRun(100, func() { _ = l.Turn(time.Second) }); n != 0 {
			t.Errorf("%v allocations a turn", n)
		}
		if trips < before+30 || packets < 50 {
			t.Errorf("%d round trips and %d datagrams in 100 turns: nothing was measured", trips-before, packets)
		}
	})
}
