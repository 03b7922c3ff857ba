package tcp_test

import (
	"math/rand/v2"
	"testing"
)

// FuzzPair lets a fuzzer decide everything that happens to two connections and between them, and then lets them come to
// their end.
func FuzzPair(f *testing.F) {
	f.Add([]byte{0})
	for seed := range byte(8) {
		f.Add(duelInput(seed, 400))
	}
	f.Fuzz(func(t *testing.T, b []byte) { fight(t, b) })
}

func fight(t *testing.T, b []byte) {
	d := newDuel(t, b)
	for len(d.in.b) > 0 {
		d.step()
	}
	d.heal()
}

// TestDuel is FuzzPair with long inputs of fixed seeds.
func TestDuel(t *testing.T) {
	for seed := range byte(250) {
		if fight(t, duelInput(seed, 4000)); t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func duelInput(seed byte, n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{seed}).Read(b)
	return b
}
