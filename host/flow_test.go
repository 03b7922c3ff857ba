package host

import (
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/antedon-net/antedon/internal/siphash"
)

// numbered is a connection, as far as the table is concerned.
type numbered struct {
	ends tuple
	flow flow[*numbered]
}

func (n *numbered) key() *tuple { return &n.ends }

func newNumbered(i int, key siphash.Key) *numbered {
	n := &numbered{ends: numberedTuple(i)}
	n.flow = flow[*numbered]{hash: n.ends.hash(key), owner: n}
	return n
}

func numberedTuple(i int) tuple {
	remote := netip.AddrFrom4([4]byte{10, byte(i >> 22), byte(i >> 14), byte(i >> 6)})
	return makeTuple(netip.MustParseAddrPort("10.0.0.1:80"), netip.AddrPortFrom(remote, uint16(i&63)))
}

// TestTableAgainstMap inserts, finds and removes at random, beside a map, through many changes of size.
func TestTableAgainstMap(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	key := siphash.Key{K0: 3, K1: 4}
	var tab table[*numbered]
	model := map[int]*flow[*numbered]{}
	for step := range 60_000 {
		i := rnd.IntN(20_000)
		if step > 40_000 { // mostly remove, so that it shrinks
			i = rnd.IntN(20_000) &^ 1
		}
		k := numberedTuple(i)
		hash := k.hash(key)
		f := tab.find(&k, hash)
		if f != model[i] {
			t.Fatalf("step %d: found %v, want %v", step, f, model[i])
		}
		switch {
		case f != nil:
			tab.remove(f)
			delete(model, i)
		case step <= 40_000 || i%4 == 1:
			f = &newNumbered(i, key).flow
			tab.insert(f)
			model[i] = f
		}
		if tab.n != len(model) {
			t.Fatalf("step %d: %d entries, want %d", step, tab.n, len(model))
		}
	}
	seen := 0
	tab.all(func(n *numbered) bool {
		i := int(n.ends.Remote[13])<<22 | int(n.ends.Remote[14])<<14 | int(n.ends.Remote[15])<<6 | int(n.ends.RemotePort)
		if model[i] != &n.flow {
			t.Errorf("entry %d should be gone", i)
		}
		seen++
		return true
	})
	if seen != len(model) {
		t.Errorf("all visits %d entries, want %d", seen, len(model))
	}
}

func TestTableShrinks(t *testing.T) {
	var tab table[*numbered]
	flows := make([]*numbered, 10_000)
	for i := range flows {
		flows[i] = newNumbered(i, siphash.Key{})
		tab.insert(&flows[i].flow)
	}
	if n := len(tab.buckets); n < len(flows) {
		t.Errorf("%d buckets for %d entries", n, len(flows))
	}
	for i := range flows {
		tab.remove(&flows[i].flow)
	}
	if n := len(tab.buckets); n > 2*minBuckets {
		t.Errorf("%d buckets for no entry", n)
	}
}

func TestHashSeparatesFamilies(t *testing.T) {
	key := siphash.Key{K0: 1, K1: 2}
	seen := map[uint64]string{}
	for _, ends := range [][2]string{
		{"10.0.0.1:1", "10.0.0.2:2"}, {"10.0.0.2:1", "10.0.0.1:2"}, {"10.0.0.1:2", "10.0.0.2:1"},
		{"[::a00:1]:1", "[::a00:2]:2"}, {"[2001:db8::1]:1", "[2001:db8::2]:2"}, {"[2001:db8::1]:1", "[2001:db8:1::2]:2"},
	} {
		k := makeTuple(netip.MustParseAddrPort(ends[0]), netip.MustParseAddrPort(ends[1]))
		name := ends[0] + " " + ends[1]
		if other, ok := seen[k.hash(key)]; ok {
			t.Errorf("%s hashes like %s", name, other)
		}
		seen[k.hash(key)] = name
	}
}

// BenchmarkLookup finds one of 100,000 connections from the addresses of a packet.
func BenchmarkLookup(b *testing.B) {
	const n = 100_000
	key := siphash.Key{K0: 3, K1: 4}
	var tab table[*numbered]
	flows := make([]*numbered, n)
	for i := range flows {
		flows[i] = newNumbered(i, key)
		tab.insert(&flows[i].flow)
	}
	local := netip.MustParseAddrPort("10.0.0.1:80")
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		remote := netip.AddrFrom4([4]byte{10, byte(i >> 22), byte(i >> 14), byte(i >> 6)})
		k := makeTuple(local, netip.AddrPortFrom(remote, uint16(i&63)))
		if f := tab.find(&k, k.hash(key)); f == nil || f.owner != flows[i] {
			b.Fatal("lost a flow")
		}
		if i += 7919; i >= n {
			i -= n
		}
	}
}
