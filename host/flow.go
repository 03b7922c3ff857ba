package host

import (
	"encoding/binary"
	"net/netip"

	"github.com/antedon-net/antedon/internal/siphash"
	"github.com/antedon-net/antedon/tcp"
)

// tuple names a flow by both its ends.
type tuple tcp.Ends

func makeTuple(local, remote netip.AddrPort) tuple {
	return tuple{local.Addr().As16(), remote.Addr().As16(), local.Port(), remote.Port()}
}

// hash is keyed, so that nobody outside can pile flows up in one bucket.
func (t *tuple) hash(k siphash.Key) uint64 {
	ports := uint64(t.LocalPort)<<16 | uint64(t.RemotePort)
	l0, l1 := binary.LittleEndian.Uint64(t.Local[:8]), binary.LittleEndian.Uint64(t.Local[8:])
	r0, r1 := binary.LittleEndian.Uint64(t.Remote[:8]), binary.LittleEndian.Uint64(t.Remote[8:])
	if l0|r0 == 0 { // IPv4
		return k.Sum(l1, r1, ports)
	}
	return k.Sum(l0, l1, r0, r1, ports)
}

// flow is an entry of a table, and lies within its owner.
type flow[T keyed] struct {
	hash  uint64   // of the owner's key
	next  *flow[T] // in the same bucket
	owner T
}

// keyed is what has a flow.
type keyed interface{ key() *tuple }

// table finds the owner of a flow: a hash table chained through its entries. It doubles and halves bit by bit, a few
// buckets with each insertion and removal, so that no packet waits while a million entries move. The zero table is
// empty.
type table[T keyed] struct {
	buckets []*flow[T] // a power of two of them
	old     []*flow[T] // buckets before the last change of size, nil if all have moved
	moved   int        // how many buckets of old have moved
	n       int
}

const (
	minBuckets = 16
	moveStep   = 4 // buckets moved per change: the move ends long before the next doubling
)

// bucket returns the bucket that holds hash.
func (t *table[T]) bucket(hash uint64) **flow[T] {
	if t.old != nil {
		if i := int(hash & uint64(len(t.old)-1)); i >= t.moved {
			return &t.old[i]
		}
	}
	return &t.buckets[hash&uint64(len(t.buckets)-1)]
}

// find returns the entry with the given key, nil if there is none.
func (t *table[T]) find(key *tuple, hash uint64) *flow[T] {
	if t.n == 0 {
		return nil
	}
	for f := *t.bucket(hash); f != nil; f = f.next {
		if f.hash == hash && *f.owner.key() == *key {
			return f
		}
	}
	return nil
}

// insert adds f, whose key is not in the table.
func (t *table[T]) insert(f *flow[T]) {
	if t.buckets == nil {
		t.buckets = make([]*flow[T], minBuckets)
	}
	b := t.bucket(f.hash)
	f.next, *b = *b, f
	t.n++
	if t.n > len(t.buckets) {
		t.resize(2 * len(t.buckets))
	}
	t.move(moveStep)
}

// remove takes f out of the table.
func (t *table[T]) remove(f *flow[T]) {
	b := t.bucket(f.hash)
	for *b != f {
		b = &(*b).next
	}
	*b, f.next = f.next, nil
	t.n--
	if t.n < len(t.buckets)/8 && len(t.buckets) > minBuckets {
		t.resize(len(t.buckets) / 2)
	}
	t.move(moveStep)
}

// resize begins to move everything to size buckets.
func (t *table[T]) resize(size int) {
	t.move(len(t.old))
	t.old, t.moved = t.buckets, 0
	t.buckets = make([]*flow[T], size)
}

// move moves up to n buckets to their new place.
func (t *table[T]) move(n int) {
	for ; n > 0 && t.old != nil; n-- {
		f := t.old[t.moved]
		t.old[t.moved] = nil
		if t.moved++; t.moved == len(t.old) {
			t.old, t.moved = nil, 0
		}
		for f != nil {
			next := f.next
			b := &t.buckets[f.hash&uint64(len(t.buckets)-1)]
			f.next, *b = *b, f
			f = next
		}
	}
}

// all calls yield for every entry until it returns false. The table must not change meanwhile.
func (t *table[T]) all(yield func(T) bool) {
	for _, buckets := range [][]*flow[T]{t.old, t.buckets} {
		for _, f := range buckets {
			for ; f != nil; f = f.next {
				if !yield(f.owner) {
					return
				}
			}
		}
	}
}
