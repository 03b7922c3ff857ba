package main

import (
	"io"
	"sync"
)

// sharedInput hands one input to several connections, one after the other. What the first has not taken when it ends goes
// to the next.
type sharedInput struct {
	chunks chan []byte // closed at the end of the input
	mu     sync.Mutex
	rest   []byte // of a chunk; guarded by mu
}

// newSharedInput starts to read from r, and never stops.
func newSharedInput(r io.Reader) *sharedInput {
	in := &sharedInput{chunks: make(chan []byte)}
	go func() {
		defer close(in.chunks)
		for {
			b := make([]byte, 64<<10)
			n, err := r.Read(b)
			if n > 0 {
				in.chunks <- b[:n]
			}
			if err != nil {
				return
			}
		}
	}()
	return in
}

// turn is the input as one connection sees it. It ends with the turn at the latest.
type turn struct {
	in   *sharedInput
	over chan struct{}
}

// turn begins the turn of the next connection. The one before must have ended.
func (in *sharedInput) turn() *turn { return &turn{in, make(chan struct{})} }

func (t *turn) end() { close(t.over) }

// Read implements io.Reader.
func (t *turn) Read(p []byte) (int, error) {
	t.in.mu.Lock()
	defer t.in.mu.Unlock()
	if len(t.in.rest) == 0 {
		select {
		case b, ok := <-t.in.chunks:
			if !ok {
				return 0, io.EOF
			}
			t.in.rest = b
		case <-t.over:
			return 0, io.EOF
		}
	}
	n := copy(p, t.in.rest)
	t.in.rest = t.in.rest[n:]
	return n, nil
}
