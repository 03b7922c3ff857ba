package tcp

import (
	"math/rand/v2"
	"testing"

	"github.com/antedon-net/antedon/internal/mono"
)

// fate is what the model of TestScoreboard knows of a byte.
type fate uint8

const (
	unsent fate = iota
	flying
	flyingAgain
	held
	missing
)

// A scoreboard agrees with a model that knows each byte, whatever is sent, SACKed, lost and sent again.
func TestScoreboard(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		var b scoreboard
		var model [400]fate
		var resent [400]bool
		una, nxt := 0, 0
		for now := mono.Time(1); now < 400 && una < len(model); now++ {
			lo := una + r.IntN(nxt-una+1)
			hi := lo + r.IntN(nxt-lo+1)
			switch r.IntN(6) {
			case 0, 1:
				to := min(nxt+1+r.IntN(40), len(model))
				if to > nxt {
					b.send(flight{lo: uint64(nxt), hi: uint64(to), at: now})
				}
				for ; nxt < to; nxt++ {
					model[nxt] = flying
				}
			case 2: // SACK
				var d delivery
				news, original := 0, 0
				for i := lo; i < hi; i++ {
					if model[i] != held {
						news++
						if !resent[i] {
							original++
						}
					}
					model[i] = held
				}
				for g, ok := b.sacked.NextGap(uint64(lo), uint64(hi)); ok; g, ok = b.sacked.NextGap(g.Hi, uint64(hi)) {
					b.deliver(g.Lo, g.Hi, &d)
				}
				b.sacked.Add(uint64(lo), uint64(hi))
				if d.bytes != news || d.original != original {
					t.Fatalf("seed %d: delivered %d, %d original, want %d, %d", seed, d.bytes, d.original, news, original)
				}
			case 3: // cumulative
				var d delivery
				for g, ok := b.sacked.NextGap(uint64(una), uint64(hi)); ok; g, ok = b.sacked.NextGap(g.Hi, uint64(hi)) {
					b.deliver(g.Lo, g.Hi, &d)
				}
				una = max(una, hi)
				b.forget(uint64(una))
			case 4:
				b.lose(uint64(lo), uint64(hi))
				for i := lo; i < hi; i++ {
					if model[i] == flying || model[i] == flyingAgain {
						model[i] = missing
					}
				}
			case 5:
				if b.lost.Len() > 0 {
					l := b.lost.At(0)
					n := 1 + r.IntN(l.Len())
					b.resend(flight{lo: l.Lo, hi: l.Lo + uint64(n), at: now})
					for i := int(l.Lo); i < int(l.Lo)+n; i++ {
						model[i], resent[i] = flyingAgain, true
					}
				}
			}
			out, lost, sacked := 0, 0, 0
			for _, m := range model[una:nxt] {
				switch m {
				case flying, flyingAgain:
					out++
				case missing:
					lost++
				case held:
					sacked++
				}
			}
			if b.out != out || b.lost.Covered() != lost || b.sacked.Covered() != sacked {
				t.Fatalf("seed %d, step %d: out %d, lost %d, sacked %d, want %d, %d, %d", seed, now,
					b.out, b.lost.Covered(), b.sacked.Covered(), out, lost, sacked)
			}
		}
	}
}

// While nothing is lost the log stays as small as what is in flight, and reuses its memory.
func TestScoreboardInOrder(t *testing.T) {
	var b scoreboard
	var d delivery
	for i := range uint64(10_000) {
		b.send(flight{lo: i, hi: i + 1, at: mono.Time(i + 1)})
		if i >= 10 {
			d = delivery{}
			b.deliver(i-10, i-9, &d)
			if d.fresh.at != mono.Time(i-9) || d.bytes != 1 {
				t.Fatalf("delivered %+v at %d", d, i)
			}
		}
	}
	if b.out != 10 || cap(b.fresh.r) > 64 {
		t.Errorf("%d out, a log of ten has room for %d", b.out, cap(b.fresh.r))
	}
}

// A peer who SACKs a large flight byte by byte, every second first and then those between, leaves no more behind than the
// scoreboard has ranges.
func TestScoreboardFlood(t *testing.T) {
	const size, stride = 1 << 20, 2 * 1000
	var b scoreboard
	b.send(flight{lo: 0, hi: size, at: 1})
	most := 0
	for base := uint64(1); base+stride < size; base += stride {
		for _, first := range []uint64{0, 1} {
			for off := base + first; off < base+stride; off += 2 {
				var d delivery
				b.deliver(off, off+1, &d)
				b.sacked.Add(off, off+1)
				if d.bytes != 1 {
					t.Fatalf("byte %d counts %d", off, d.bytes)
				}
				most = max(most, len(b.fresh.r))
			}
		}
	}
	if limit := 2*maxEmpty + 2*stride; most > limit {
		t.Errorf("the log has %d flights, want %d at most", most, limit)
	}
	if want := size - b.sacked.Covered(); b.out != want {
		t.Errorf("%d bytes in the network, want %d", b.out, want)
	}
}
