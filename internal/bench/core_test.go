package bench

import (
	"context"
	"testing"
)

// TestCore moves a little in both orders, with and without headers: the bytes are compared, and the figures can be true.
func TestCore(t *testing.T) {
	for _, wire := range []bool{false, true} {
		var lines []CoreLine
		err := CorePlan{Bytes: 3_000_001, Rounds: 2, Wire: wire}.Run(context.Background(), func(l CoreLine) { lines = append(lines, l) })
		if err != nil {
			t.Fatalf("wire %v: %v", wire, err)
		}
		orders := map[Order]int{}
		for _, l := range lines {
			if l.Round == 0 {
				orders[l.Order]++
			}
			if l.Gbps <= 0 || l.MemmoveRatio <= 0 || l.Ratio != l.MemmoveRatio || l.Wire != wire {
				t.Errorf("%+v", l)
			}
		}
		if len(lines) != 6 || orders[InOrder] != 1 || orders[Reversed] != 1 {
			t.Errorf("%d lines, summaries of %v", len(lines), orders)
		}
	}
}

func BenchmarkCore(b *testing.B) {
	for _, c := range []struct {
		name           string
		reversed, wire bool
	}{{"in", false, false}, {"reversed", true, false}, {"in, wire", false, true}, {"reversed, wire", true, true}} {
		b.Run(c.name, func(b *testing.B) {
			src, dst := make([]byte, CoreBytes), make([]byte, CoreBytes)
			for _, b := range [][]byte{src, dst} {
				for i := range b {
					b[i] = byte(i) // real memory behind it
				}
			}
			b.SetBytes(int64(len(src)))
			b.ReportAllocs()
			for b.Loop() {
				if err := newCorePair(c.reversed, c.wire).transfer(src, dst); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
