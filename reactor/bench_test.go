package reactor

import (
	"fmt"
	"testing"
)

// BenchmarkTurn is a turn in which one of many descriptors is ready.
func BenchmarkTurn(b *testing.B) {
	for _, backend := range backends {
		for _, n := range []int{1, 100, 1000} {
			b.Run(fmt.Sprintf("%v/%d", backend, n), func(b *testing.B) {
				l := newLoop(b, Config{Backend: backend, WideSelect: true})
				events := 0
				watched(b, l, n, 1, func(Events) { events++ })
				b.ReportAllocs()
				for b.Loop() {
					_ = l.Turn(0)
				}
				b.ReportMetric(float64(events)/float64(b.N), "events/op")
			})
		}
	}
}

// BenchmarkEvent is one of a hundred events that come in the same turn, changes of registration included or not.
func BenchmarkEvent(b *testing.B) {
	const ready = 100
	for _, backend := range backends {
		b.Run(backend.String(), func(b *testing.B) {
			l := newLoop(b, Config{Backend: backend})
			events := 0
			watched(b, l, ready, ready, func(Events) { events++ })
			b.ReportAllocs()
			for events < b.N {
				_ = l.Turn(0)
			}
		})
	}
}

// watched registers n descriptors, of which some are readable.
func watched(b *testing.B, l *Loop, n, ready int, f func(Events)) {
	for i := range n {
		a, peer := pair(b)
		register(b, l, a, Readable, f)
		if i < ready {
			send(b, peer)
		}
	}
}

// BenchmarkPost wakes a loop that sleeps, and waits for its answer.
func BenchmarkPost(b *testing.B) {
	l := newLoop(b, Config{})
	answer := make(chan struct{})
	fn := func() { answer <- struct{}{} }
	done := make(chan error)
	go func() { done <- l.Run() }()
	b.ReportAllocs()
	for b.Loop() {
		_ = l.Post(fn)
		<-answer
	}
	l.Close()
	must(b, <-done)
}

// BenchmarkRoundTrip sends a byte to and fro between two connections of one loop.
func BenchmarkRoundTrip(b *testing.B) {
	l := newLoop(b, Config{})
	trips := 0
	var bounce Funcs
	bounce.Readable = func(c Conn) {
		buf := l.Scratch()
		n, _ := c.Read(buf)
		if trips++; trips < 2*b.N {
			_, _ = c.Write(buf[:n])
		}
	}
	a, peer := openPair(b)
	s, err := l.Adopt(a, &bounce)
	must(b, err)
	_, err = l.Adopt(peer, &bounce)
	must(b, err)
	turn(b, l)
	b.ReportAllocs()
	_, err = s.Write([]byte{1})
	must(b, err)
	for trips < 2*b.N {
		_ = l.Turn(-1)
	}
}
