package tcp

import (
	"slices"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/internal/span"
)

// flight is a run of bytes that was sent in one go and has neither been acknowledged nor been found lost.
//
// req: RFC8985 4-3
type flight struct {
	lo, hi uint64
	at     mono.Time // when it was sent
	mark   rateMark
}

func (f *flight) len() int { return int(f.hi - f.lo) }

// sentAfter reports whether f was sent after what ended at end and was sent at time at.
//
// RFC 8985, Section 5.1: "RACK_sent_after(t1, seq1, t2, seq2)".
func (f *flight) sentAfter(at mono.Time, end uint64) bool {
	return f.at > at || f.at == at && f.hi > end
}

// flightLog holds flights in the order in which they were sent. Those that were cut to nothing stay until they are at the
// front, unless they become too many.
type flightLog struct {
	r     []flight
	head  int
	empty int // of r[head:]
}

// maxEmpty is how many flights that were cut to nothing are left where they are. A peer who SACKs byte by byte makes one of
// each byte, and would fill the log with them.
const maxEmpty = 1024

// tidy drops the flights that were cut to nothing if they are many, and most of all.
func (l *flightLog) tidy() {
	if l.empty <= maxEmpty || 2*l.empty < len(l.r)-l.head {
		return
	}
	l.r = slices.DeleteFunc(l.r[l.head:], func(f flight) bool { return f.lo == f.hi })
	l.head, l.empty = 0, 0
}

func (l *flightLog) add(f flight) {
	n := len(l.r)
	if n > l.head && l.r[n-1].at == f.at && l.r[n-1].hi == f.lo {
		l.r[n-1].hi = f.hi
		return
	}
	if n == cap(l.r) && l.head > n/2 {
		n = copy(l.r, l.r[l.head:])
		l.r, l.head = l.r[:n], 0
	}
	l.r = append(l.r, f)
}

// front returns the oldest flight, nil if there is none.
func (l *flightLog) front() *flight {
	for l.head < len(l.r) && l.r[l.head].lo == l.r[l.head].hi {
		l.head++
		l.empty--
	}
	if l.head == len(l.r) {
		l.r, l.head = l.r[:0], 0
		if cap(l.r) > 64 {
			l.r = nil
		}
		return nil
	}
	return &l.r[l.head]
}

// emptied returns an empty log with the memory of l.
func (l *flightLog) emptied() flightLog { return flightLog{r: l.r[:0]} }

// lastBefore returns when the last flight was sent that was not sent after what ended at end and was sent at time at. The
// front is one. It does not look far through those that were cut to nothing: what it returns may be a little late then.
func (l *flightLog) lastBefore(at mono.Time, end uint64) mono.Time {
	lo, hi := l.head, len(l.r)
	for lo < hi {
		m := int(uint(lo+hi) >> 1)
		if l.r[m].sentAfter(at, end) {
			hi = m
		} else {
			lo = m + 1
		}
	}
	const far = 32
	i := lo - 1
	for least := max(l.head, i-far); i > least && l.r[i].len() == 0; {
		i--
	}
	return l.r[i].at
}

// search returns the index of the first flight that ends beyond off, if they are in order of offset.
func (l *flightLog) search(off uint64) int {
	lo, hi := l.head, len(l.r)
	if lo == hi || l.r[lo].hi > off {
		return lo
	}
	for lo < hi {
		m := int(uint(lo+hi) >> 1)
		if l.r[m].hi <= off {
			lo = m + 1
		} else {
			hi = m
		}
	}
	return lo
}

// cut takes what lies in [lo, hi) out of the i-th flight, returns it, and false if there was nothing.
func (l *flightLog) cut(i int, lo, hi uint64) (flight, bool) {
	f := &l.r[i]
	piece := *f
	piece.lo, piece.hi = max(lo, f.lo), min(hi, f.hi)
	if piece.lo >= piece.hi {
		return flight{}, false
	}
	switch {
	case piece.hi == f.hi:
		if f.hi = piece.lo; f.lo == f.hi {
			l.empty++
		}
	case piece.lo == f.lo:
		f.lo = piece.hi
	default:
		tail := *f
		tail.lo = piece.hi
		f.hi = piece.lo
		l.r = slices.Insert(l.r, i+1, tail)
	}
	return piece, true
}

// scoreboard knows where every byte between SND.UNA and SND.NXT is: in one of the two logs it is in the network, in
// sacked the peer has it, and what is in lost has to be sent again. While nothing is lost only fresh is used: an addition
// for each segment sent and a removal at the front for each acknowledgment.
//
// req: RFC8985 4-2
type scoreboard struct {
	fresh  flightLog // sent once; in order of offset, too
	again  flightLog // sent again
	sacked span.Set
	lost   span.Set
	resent span.Set // what was retransmitted at any time, acknowledged or not
	out    int      // bytes in the logs: pipe (RFC 6675)
	found  int      // bytes found lost so far
}

// delivery is what one acknowledgment says has arrived.
type delivery struct {
	bytes    int    // acknowledged or SACKed for the first time
	original int    // of those, never retransmitted
	low      uint64 // where the lowest of the original bytes is
	early    bool   // some of the original bytes lie before point,
	point    uint64 // which the caller sets
	fresh    flight // the newest of what was sent once; at is 0 if there is none
	again    flight // the newest of what was sent again; likewise
}

func (d *delivery) addOriginal(lo, hi uint64) {
	if d.original == 0 || lo < d.low {
		d.low = lo
	}
	d.early = d.early || hi <= d.point
	d.original += int(hi - lo)
}

// newest returns the newest of all that was delivered.
func (d *delivery) newest() *flight {
	if d.fresh.at == 0 || d.again.at != 0 && d.again.sentAfter(d.fresh.at, d.fresh.hi) {
		return &d.again
	}
	return &d.fresh
}

// deliver notes that [lo, hi) has arrived, and adds to d what of it is news.
func (b *scoreboard) deliver(lo, hi uint64, d *delivery) {
	left := int(hi - lo)
	for i := b.fresh.search(lo); i < len(b.fresh.r) && b.fresh.r[i].lo < hi; i++ {
		if f, ok := b.fresh.cut(i, lo, hi); ok {
			b.out -= f.len()
			d.bytes += f.len()
			left -= f.len()
			d.addOriginal(f.lo, f.hi)
			if d.fresh.at == 0 || f.sentAfter(d.fresh.at, d.fresh.hi) {
				d.fresh = f
			}
		}
	}
	b.fresh.front() // forgets what is empty
	b.fresh.tidy()
	if left == 0 {
		return
	}
	for i := b.again.head; i < len(b.again.r) && left > 0; i++ {
		if f, ok := b.again.cut(i, lo, hi); ok {
			b.out -= f.len()
			d.bytes += f.len()
			left -= f.len()
			if d.again.at == 0 || f.sentAfter(d.again.at, d.again.hi) {
				d.again = f
			}
		}
	}
	b.again.front()
	b.again.tidy()
	for r, ok := b.lost.Next(lo, hi); ok; r, ok = b.lost.Next(r.Hi, hi) {
		d.bytes += r.Len()
		for g, ok := b.resent.NextGap(r.Lo, r.Hi); ok; g, ok = b.resent.NextGap(g.Hi, r.Hi) {
			d.addOriginal(g.Lo, g.Hi)
		}
	}
	b.lost.Remove(lo, hi)
}

// forget drops what lies below una. It was delivered before.
func (b *scoreboard) forget(una uint64) {
	b.sacked.RemoveBelow(una)
	b.resent.RemoveBelow(una)
}

// lose finds all of [lo, hi) that is in the network lost and returns how many bytes that is.
func (b *scoreboard) lose(lo, hi uint64) int {
	n := 0
	take := func(l *flightLog, from int) {
		for i := from; i < len(l.r); i++ {
			if f, ok := l.cut(i, lo, hi); ok {
				b.lost.Add(f.lo, f.hi)
				n += f.len()
			}
		}
		l.front()
		l.tidy()
	}
	take(&b.fresh, b.fresh.search(lo))
	take(&b.again, b.again.head)
	b.out -= n
	b.found += n
	return n
}

// loseFront finds the oldest flight of l lost.
func (b *scoreboard) loseFront(l *flightLog) {
	f := l.front()
	b.lost.Add(f.lo, f.hi)
	b.out -= f.len()
	b.found += f.len()
	l.head++
}

// send notes that f, which was never sent before, is sent.
func (b *scoreboard) send(f flight) {
	b.fresh.add(f)
	b.out += f.len()
}

// resend notes that f, which was lost, is sent again.
func (b *scoreboard) resend(f flight) {
	b.lost.Remove(f.lo, f.hi)
	b.resent.Add(f.lo, f.hi)
	b.again.add(f)
	b.out += f.len()
}

// unlose puts what was thought lost back into the network, as if it had been sent now.
func (b *scoreboard) unlose(now mono.Time, mark rateMark) {
	for i := range b.lost.Len() {
		r := b.lost.At(i)
		b.again.add(flight{r.Lo, r.Hi, now, mark})
		b.out += r.Len()
	}
	b.lost.Clear()
}

// isEmpty reports whether no byte is anywhere.
func (b *scoreboard) isEmpty() bool {
	return b.out == 0 && b.sacked.Len() == 0 && b.lost.Len() == 0 && b.resent.Len() == 0 && b.again.front() == nil
}

// everLost returns how many bytes were found lost and have not arrived, whether they were sent again or not.
func (b *scoreboard) everLost() int { return b.lost.Covered() + b.underWayAgain() }

// underWayAgain returns how many bytes were sent again and have not arrived.
func (b *scoreboard) underWayAgain() int {
	n := 0
	for i := b.again.head; i < len(b.again.r); i++ {
		n += b.again.r[i].len()
	}
	return n
}

// renounce takes back what was SACKed: the peer has given it up.
func (b *scoreboard) renounce() {
	for i := range b.sacked.Len() {
		b.lost.Add(b.sacked.At(i).Lo, b.sacked.At(i).Hi)
	}
	b.sacked.Clear()
}
