package impair

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/wire"
)

// arrivals sends n packets of size bytes, one each interval, and returns what becomes of them: "1 2* 2 -", say, for
// delivery after 1 ms, two after 2 ms of which one is corrupt, and a loss.
func arrivals(p *Path, n, size int, interval time.Duration) string {
	var out []string
	var buf [2]Delivery
	for i := range n {
		now := mono.Time(1).Add(time.Duration(i) * interval)
		ds := p.Send(now, size, buf[:0])
		if len(ds) == 0 {
			out = append(out, "-")
		}
		for _, d := range ds {
			s := fmt.Sprint(d.At.Sub(now).Seconds() * 1000)
			if d.Flip >= 0 {
				s += "*"
			}
			out = append(out, s)
		}
	}
	return strings.Join(out, " ")
}

// What a seed means must not change: captures and reports name it.
func TestGolden(t *testing.T) {
	plan := Plan{Loss: 0.1, Delay: 10 * time.Millisecond, Reorder: 0.2, Duplicate: 0.1, Corrupt: 0.1, Seed: 7}
	const want = "12.5 10 10 10 10 10 12.5 - 12.5 12.5 10 10 10 10 10 10 - 12.5 - 10 10 10 10 10 10 10* 12.5 - 10 12.5 10 -"
	if got := arrivals(NewPath(plan), 30, 1000, time.Millisecond); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestNoImpairment(t *testing.T) {
	if got, want := arrivals(NewPath(Plan{}), 5, 1500, time.Millisecond), "0 0 0 0 0"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestRate(t *testing.T) {
	// 1000 bytes at 1 Mbit/s take 8 ms, and two wait at most.
	plan := Plan{Rate: 1e6, Delay: 5 * time.Millisecond, Queue: 2}
	if got, want := arrivals(NewPath(plan), 12, 1000, 2*time.Millisecond), "13 19 - - 21 - - - 21 - - -"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	p := NewPath(Plan{Rate: 3, Queue: 1000})
	var last []Delivery
	for range 300 {
		last = p.Send(1, 1, last[:0])
	}
	if got := last[0].At.Sub(1); got != 800*time.Second {
		t.Errorf("300 bytes at 3 bit/s took %v, want 800 s exactly", got)
	}
}

func TestDefaultQueue(t *testing.T) {
	for _, test := range []struct {
		plan Plan
		want int
	}{
		{Plan{Rate: 1e6}, 100},
		{Plan{Rate: 1e9, Delay: 20 * time.Millisecond}, 3333},
		{Plan{Rate: 1e9, Queue: 5}, 5},
		{Plan{Rate: 10e12, Delay: time.Hour}, 10e6},
	} {
		if got := test.plan.queue(); got != test.want {
			t.Errorf("%v: queue of %d packets, want %d", test.plan, got, test.want)
		}
	}
}

// Send tells how many copies arrive, and Backlog how long the next packet waits.
func TestLineTells(t *testing.T) {
	l := NewLine(Plan{Rate: 1e6, Queue: 2}) // 1000 bytes take 8 ms
	var copies []int
	for range 3 {
		copies = append(copies, l.Send(1, make([]byte, 1000)))
	}
	if want := []int{1, 1, 0}; !slices.Equal(copies, want) {
		t.Errorf("copies %v, want %v", copies, want)
	}
	for _, test := range []struct{ after, want time.Duration }{
		{0, 16 * time.Millisecond}, {7 * time.Millisecond, 9 * time.Millisecond}, {time.Second, 0},
	} {
		if got := l.Backlog(mono.Time(1).Add(test.after)); got != test.want {
			t.Errorf("backlog after %v: got %v, want %v", test.after, got, test.want)
		}
	}
	if got := NewLine(Plan{Duplicate: 1}).Send(1, make([]byte, 10)); got != 2 {
		t.Errorf("a duplicated packet: %d copies, want 2", got)
	}
}

// Jitter does not reorder, and stays within its bounds.
func TestJitter(t *testing.T) {
	p := NewPath(Plan{Delay: 10 * time.Millisecond, Jitter: 4 * time.Millisecond, Seed: 1})
	var last mono.Time
	lo, hi := time.Hour, time.Duration(0)
	for i := range 2000 {
		now := mono.Time(1).Add(time.Duration(i) * 100 * time.Microsecond)
		d := p.Send(now, 100, nil)[0]
		if d.At < last {
			t.Fatalf("packet %d arrives at %v, before the one in front of it at %v", i, d.At, last)
		}
		last = d.At
		lo, hi = min(lo, d.At.Sub(now)), max(hi, d.At.Sub(now))
	}
	if lo < 6*time.Millisecond || hi > 14*time.Millisecond || hi < 13*time.Millisecond {
		t.Errorf("delays from %v to %v, want 6 to 14 ms", lo, hi)
	}
}

func TestFrequencies(t *testing.T) {
	const n = 200000
	p := NewPath(Plan{Loss: 0.01, Reorder: 0.02, Duplicate: 0.03, Corrupt: 0.04, Seed: 3})
	for i := range n {
		p.Send(mono.Time(i+1), 100, nil)
	}
	s := p.Stats()
	for _, f := range []struct {
		name string
		got  uint64
		want float64
	}{
		{"lost", s.Lost, 0.01}, {"late", s.Late, 0.02 * 0.99}, {"duplicated", s.Duplicated, 0.03 * 0.99}, {"corrupted", s.Corrupted, 0.04 * 0.99},
	} {
		if got := float64(f.got) / n; got < 0.95*f.want || got > 1.05*f.want {
			t.Errorf("%s: %.4f of the packets, want %.4f", f.name, got, f.want)
		}
	}
	if s.Packets != n {
		t.Errorf("%d packets counted", s.Packets)
	}
}

// One field of the plan does not change what another does.
func TestIndependence(t *testing.T) {
	lost := func(p Plan) (which []int) {
		path := NewPath(p)
		for i := range 1000 {
			if len(path.Send(mono.Time(i+1), 100, nil)) == 0 {
				which = append(which, i)
			}
		}
		return which
	}
	plain := lost(Plan{Loss: 0.1, Seed: 5})
	all := lost(Plan{Loss: 0.1, Seed: 5, Jitter: time.Millisecond, Delay: time.Second, Reorder: 0.5, Duplicate: 0.5, Corrupt: 0.5, CE: 0.5})
	if !slices.Equal(plain, all) {
		t.Errorf("losses %v alone, %v with everything else", plain, all)
	}
	if slices.Equal(plain, lost(Plan{Loss: 0.1, Seed: 6})) {
		t.Error("another seed, the same losses")
	}
}

// A congested router marks what it would rather not drop.
func TestMarks(t *testing.T) {
	const n = 100_000
	random := NewPath(Plan{CE: 0.05, Seed: 4})
	marked := 0
	for i := range n {
		if random.Send(mono.Time(i+1), 100, nil)[0].Mark {
			marked++
		}
	}
	if got := float64(marked) / n; got < 0.0475 || got > 0.0525 {
		t.Errorf("%.4f of the packets marked, want 0.05", got)
	}
	queue := NewPath(Plan{Rate: 1e6, Queue: 6, ECN: 3})
	got := ""
	for range 8 { // at once: the fourth finds three waiting
		switch d := queue.Send(1, 1000, nil); {
		case len(d) == 0:
			got += "-"
		case d[0].Mark:
			got += "M"
		default:
			got += "."
		}
	}
	if want := "...MMM--"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// Only packets whose sender understands marks are marked, and what comes out is a correct packet.
func TestLineMarks(t *testing.T) {
	l := NewLine(Plan{CE: 1})
	src, dst := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	for _, ecn := range []wire.ECN{wire.NotECT, wire.ECT0, wire.ECT1, wire.CE} {
		h := wire.IPv4{TOS: 0x28 | uint8(ecn), TTL: 9, Proto: wire.ProtoUDP, Src: src, Dst: dst}
		l.Send(1, append(h.AppendTo(nil, 4), 1, 2, 3, 4))
		b := make([]byte, 100)
		b = b[:l.Next(1, b)]
		got, payload, err := wire.ParseIPv4(b)
		want := wire.CE
		if ecn == wire.NotECT {
			want = ecn
		}
		if err != nil || got.ECN() != want || got.DSCP() != 10 || len(payload) != 4 {
			t.Errorf("%v: got %v, DSCP %d, %v", ecn, got.ECN(), got.DSCP(), err)
		}
	}
	if got := l.Stats().Marked; got != 3 {
		t.Errorf("%d packets marked, want 3", got)
	}
}

func TestLine(t *testing.T) {
	l := NewLine(Plan{
		Delay: 5 * time.Millisecond, Jitter: 5 * time.Millisecond, Reorder: 0.3, Late: 9 * time.Millisecond, Duplicate: 0.2,
		Corrupt: 0.3, Seed: 11,
	})
	path := NewPath(l.path.plan)
	type arrival struct {
		at     mono.Time
		packet string
	}
	var want, got []arrival
	buf := make([]byte, 5000)
	for i := range 1000 {
		now := mono.Time(1).Add(time.Duration(i) * time.Millisecond)
		for at := l.Deadline(); at <= now; at = l.Deadline() {
			if n := l.Next(at-1, buf); n != 0 {
				t.Fatalf("a packet arrived before its time")
			}
			n := l.Next(at, buf)
			got = append(got, arrival{at, string(buf[:n])})
		}
		packet := []byte(strings.Repeat(fmt.Sprint(i, " "), 1+i))
		l.Send(now, packet)
		for _, d := range path.Send(now, len(packet), nil) {
			p := slices.Clone(packet)
			if d.Flip >= 0 {
				p[d.Flip/8] ^= 1 << (7 - d.Flip%8)
			}
			want = append(want, arrival{d.At, string(p)})
		}
	}
	for l.Len() > 0 {
		at := l.Deadline()
		n := l.Next(at, buf)
		got = append(got, arrival{at, string(buf[:n])})
	}
	slices.SortStableFunc(want, func(a, b arrival) int { return int(a.at - b.at) })
	if !slices.Equal(got, want) {
		t.Errorf("%d arrivals, want %d; the first that differs is %d", len(got), len(want), firstDifference(got, want))
	}
	if l.Deadline() != mono.Never || l.bytes != 0 {
		t.Errorf("an empty line has deadline %d and %d bytes", l.Deadline(), l.bytes)
	}
}

func firstDifference[T comparable](a, b []T) int {
	i := 0
	for i < min(len(a), len(b)) && a[i] == b[i] {
		i++
	}
	return i
}

func TestLineBound(t *testing.T) {
	l := NewLine(Plan{Delay: time.Minute})
	packet := make([]byte, 9000)
	n := 0
	for ; l.Stats().Overflowed == 0; n++ {
		l.Send(1, packet)
	}
	if l.Len() != n-1 || l.bytes > maxInFlight || l.bytes < maxInFlight/2 {
		t.Errorf("%d of %d packets on the line, %d bytes of at most %d", l.Len(), n, l.bytes, maxInFlight)
	}
}

func TestLineAllocs(t *testing.T) {
	l := NewLine(Plan{Delay: time.Microsecond, Loss: 0.1, Reorder: 0.1, Duplicate: 0.1, Rate: 1e9, Queue: 100})
	packet, buf := make([]byte, 1500), make([]byte, 1500)
	now := mono.Time(1)
	round := func() {
		for range 1000 {
			l.Send(now, packet)
			now = now.Add(15 * time.Microsecond)
			for l.Next(now, buf) > 0 {
			}
		}
	}
	round()
	if allocs := testing.AllocsPerRun(10, round); allocs > 1 {
		t.Errorf("%v allocations in 1000 packets, want none", allocs)
	}
}

func BenchmarkLine(b *testing.B) {
	l := NewLine(Plan{Delay: 20 * time.Millisecond, Jitter: time.Millisecond, Loss: 0.01, Reorder: 0.01, Rate: 1e9, Queue: 1000})
	packet, buf := make([]byte, 1500), make([]byte, 1500)
	now := mono.Time(1)
	b.SetBytes(1500)
	b.ReportAllocs()
	for b.Loop() {
		l.Send(now, packet)
		now = now.Add(15 * time.Microsecond)
		for l.Next(now, buf) > 0 {
		}
	}
}
