package siphash

import "testing"

// The reference vectors: key 00..0f, input the bytes 00, 01, 02, … (SipHash paper, appendix A and its test program).
func TestReferenceVectors(t *testing.T) {
	k := Key{0x0706050403020100, 0x0f0e0d0c0b0a0908}
	for _, c := range []struct {
		words []uint64
		want  uint64
	}{
		{nil, 0x726fdb47dd0e0e31},
		{[]uint64{0x0706050403020100}, 0x93f5f5799a932462},
		{[]uint64{0x0706050403020100, 0x0f0e0d0c0b0a0908}, 0x3f2acc7f57c29bdb},
	} {
		if got := k.Sum(c.words...); got != c.want {
			t.Errorf("Sum of %d words = %#x, want %#x", len(c.words), got, c.want)
		}
	}
}

func TestSumDoesNotAllocate(t *testing.T) {
	k := Key{1, 2}
	if n := testing.AllocsPerRun(100, func() { k.Sum(1, 2, 3) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
