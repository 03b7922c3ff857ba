package simnet

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
)

// stream is an endless stream of bytes, each known by its offset: what one end of a connection writes.
type stream struct{ shift uint64 }

const (
	period   = 1<<20 - 3 // prime, so that no power of two can be mistaken for it
	longRun  = 1<<16 + 1<<10
	tableLen = period + longRun
)

var table = makeTable()

func makeTable() []byte {
	r := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, period, tableLen+8)
	for i := 0; i+8 <= period; i += 8 {
		binary.LittleEndian.PutUint64(b[i:], r.Uint64())
	}
	return append(b, b[:longRun]...)
}

// run returns the bytes from offset off on, at most longRun of them.
func (s stream) run(off uint64, n int) []byte {
	at := (off + s.shift) % period
	return table[at : at+uint64(min(n, longRun))]
}

// fill writes the bytes from offset off on into b.
func (s stream) fill(b []byte, off uint64) {
	for len(b) > 0 {
		n := copy(b, s.run(off, len(b)))
		b, off = b[n:], off+uint64(n)
	}
}

// matches reports whether b is what the stream holds from offset off on.
func (s stream) matches(b []byte, off uint64) bool {
	for len(b) > 0 {
		want := s.run(off, len(b))
		if !bytes.Equal(b[:len(want)], want) {
			return false
		}
		b, off = b[len(want):], off+uint64(len(want))
	}
	return true
}
