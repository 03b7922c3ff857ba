package runner

import (
	"bytes"
	"io"
	"testing"

	"github.com/antedon-net/antedon/link"
)

// gauge is a reader that says when it is asked, and for how much, and then waits to be told what to answer.
type gauge struct {
	asked  chan int
	answer chan int
}

func (g gauge) Read(p []byte) (int, error) {
	g.asked <- len(p)
	n, ok := <-g.answer
	if !ok {
		return 0, io.EOF
	}
	return copy(p, make([]byte, min(n, len(p)))), nil
}

// Connections whose reader has nothing hold little room for it; readers that fill what they are offered get more.
func TestReadFromHoldsLittle(t *testing.T) {
	const n = 50
	a, b := newPair(t, link.OffloadChecksum|link.OffloadTSO)
	clients, servers := connect(t, a, b, n)
	used := func() int {
		a.mu.Lock()
		defer a.mu.Unlock()
		return a.pool.Used()
	}
	idle := used()
	gauges := make([]gauge, n)
	results := make(chan error, n)
	for i := range gauges {
		g := gauge{make(chan int), make(chan int)}
		gauges[i] = g
		go func() {
			_, err := clients[i].ReadFrom(g)
			results <- err
		}()
		go io.Copy(io.Discard, servers[i])
	}
	for _, want := range []int{1, 100} { // what the reader answers
		for _, g := range gauges {
			if got := <-g.asked; got > readFromLeast {
				t.Errorf("offers %d bytes", got)
			}
		}
		if got := used() - idle; got > n*2*readFromLeast {
			t.Errorf("%d waiting readers hold %d bytes", n, got)
		}
		for _, g := range gauges {
			g.answer <- want
		}
	}
	most := 0
	for range 10 {
		most = max(most, <-gauges[0].asked)
		gauges[0].answer <- readFromMost
	}
	if most != readFromMost {
		t.Errorf("offers %d bytes to a reader that fills them", most)
	}
	for _, g := range gauges {
		<-g.asked
		close(g.answer)
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
}

// ReadFrom sends everything, whatever pieces the reader has it in.
func TestReadFromPieces(t *testing.T) {
	a, b := newPair(t, link.OffloadChecksum|link.OffloadTSO)
	clients, servers := connect(t, a, b, 1)
	want := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	go func() {
		var parts []io.Reader
		for i, at := 1, 0; at < len(want); i = i * 3 % 200_003 {
			end := min(at+i, len(want))
			parts = append(parts, bytes.NewReader(want[at:end]))
			at = end
		}
		clients[0].ReadFrom(io.MultiReader(parts...))
		clients[0].CloseWrite()
	}()
	got, err := io.ReadAll(asReader{servers[0]})
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}
