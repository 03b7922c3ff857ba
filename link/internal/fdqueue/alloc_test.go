//go:build !race

package fdqueue

import (
	"testing"

	"github.com/antedon-net/antedon/link"
)

// Under the race detector sync.Pool forgets what it holds at random, so that Write allocates.

func TestAllocs(t *testing.T) {
	for _, o := range []link.Offload{link.OffloadChecksum | link.OffloadTSO, link.OffloadNone} {
		testAllocs(t, o)
	}
}

func testAllocs(t *testing.T, o link.Offload) {
	framing, want := Framing{Vnet: 10}, 2
	if o == link.OffloadNone {
		framing, want = Framing{}, 15 // cut
	}
	a, b := pair(t, framing, o)
	in := buffers(20)
	small := tcp4(100, 0)
	head := tcp4(0, 0)
	payload := make([][]byte, 20)
	for i := range payload {
		payload[i] = make([]byte, 1000)
	}
	out := []link.Packet{
		{Bytes: small},
		{Bytes: head, Payload: payload, SegSize: 1460, HdrLen: 40, CsumStart: 20, CsumOffset: 16},
	}
	room := make([]byte, link.ReadRoom)
	allocs := testing.AllocsPerRun(100, func() {
		if _, err := a.Write(out); err != nil {
			t.Fatal(err)
		}
		if n, err := b.TryRead(in); n != want || err != nil {
			t.Fatal(n, err)
		}
		if _, err := a.Write(out[:1]); err != nil {
			t.Fatal(err)
		}
		if n, err := b.Read(in); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		if _, err := a.Write(out[:1]); err != nil {
			t.Fatal(err)
		}
		if n, err := b.TryReadSplit(in, 40, room); n != 1 || err != nil || int(in[0].TextLen) != len(small)-40 {
			t.Fatal(n, err)
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations per round, want 0", allocs)
	}
}
