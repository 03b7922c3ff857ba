package udp

import (
	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/link"
)

const (
	// maxSegments is how many datagrams a train may have in every kernel (UDP_MAX_SEGMENTS).
	maxSegments = 64

	// maxTrain is how many bytes: what fits an IPv4 packet of the kernel's.
	maxTrain = MaxMTU

	// maxTrains are sent at once.
	maxTrains = 64

	// storeSize is the memory for packets that are cut: two trains, which stay in the cache between the cutting and the
	// sending.
	storeSize = 2 * maxTrain

	// maxPieces is how many pieces of memory a message may consist of (UIO_MAXIOV).
	maxPieces = 1024
)

// writer is a Write under way: packets become datagrams, which follow each other in trains as long as they have the same
// length.
type writer struct {
	q     *queue
	taken int
	first error // first refusal
	fatal error

	trains   [maxTrains]train
	n        int // how many there are
	msgs     [maxTrains]message
	controls [maxTrains]control
	iov      []unix.Iovec // pieces of all the trains, in order
	store    []byte
	used     int // of store
	tail     int // where the last piece ends, if it lies in store

	seg    link.Segmenter
	failed int // packets below this one that were not taken are counted
}

// train is a message to be: datagrams of size bytes, of which the last may be shorter.
type train struct {
	size, count, bytes int
	from, to           int    // its pieces
	packets            [2]int // the first and the last packet it belongs to
	full               bool
}

func newWriter(q *queue) *writer {
	return &writer{q: q, iov: make([]unix.Iovec, 0, 4*maxSegments), store: make([]byte, storeSize)}
}

// Write implements link.Queue.
func (q *queue) Write(pkts []link.Packet) (int, error) {
	w := q.writers.Get().(*writer)
	defer q.writers.Put(w)
	return w.write(pkts)
}

func (w *writer) write(pkts []link.Packet) (int, error) {
	w.taken, w.first, w.fatal, w.failed = len(pkts), nil, nil, 0
	for i := range pkts {
		if err := w.add(i, &pkts[i]); err != nil {
			w.flush() // what comes before is counted first
			w.refuse(i, i, err)
		}
		if w.fatal != nil {
			break
		}
	}
	w.flush()
	w.seg = link.Segmenter{}
	if w.fatal != nil {
		return 0, w.fatal
	}
	return w.taken, w.first
}

// add appends the datagrams of packet i.
func (w *writer) add(i int, p *link.Packet) error {
	mtu := w.q.d.mtu
	if p.SegSize == 0 {
		n := p.Len()
		switch {
		case len(p.Bytes) == 0 || 1+len(p.Payload) > maxPieces:
			return link.ErrMalformed
		case n > mtu:
			return link.ErrTooLong
		}
		if err := link.CompleteChecksum(p); err != nil {
			return err
		}
		w.begin(i, n, 1+len(p.Payload))
		w.addPiece(p.Bytes)
		for _, b := range p.Payload {
			w.addPiece(b)
		}
		return nil
	}
	if err := w.seg.Reset(p); err != nil {
		return err
	}
	if w.seg.Max() > mtu {
		return link.ErrTooLong
	}
	for w.seg.Left() > 0 && w.fatal == nil {
		if w.seg.Max() > len(w.store)-w.used || w.n == maxTrains {
			w.flush()
		}
		b := w.seg.Next(w.store[w.used:])
		w.begin(i, len(b), 1)
		w.addStored(len(b))
	}
	return nil
}

// begin begins a datagram of n bytes in so many pieces, which belongs to packet i: in the train under way if it fits.
func (w *writer) begin(i, n, pieces int) {
	if w.n > 0 {
		t := &w.trains[w.n-1]
		if !t.full && n <= t.size && t.count < maxSegments && t.bytes+n <= maxTrain && t.to-t.from+pieces <= maxPieces {
			t.count++
			t.bytes += n
			t.packets[1] = i
			t.full = n < t.size
			return
		}
	}
	if w.n == maxTrains {
		w.flush()
	}
	w.trains[w.n] = train{size: n, count: 1, bytes: n, from: len(w.iov), to: len(w.iov), packets: [2]int{i, i}, full: w.q.d.noTrains.Load()}
	w.n++
}

// addPiece appends to the datagram that was begun.
func (w *writer) addPiece(b []byte) {
	if len(b) == 0 {
		return
	}
	v := unix.Iovec{Base: &b[0]}
	v.SetLen(len(b))
	w.iov = append(w.iov, v)
	w.trains[w.n-1].to = len(w.iov)
	w.tail = -1
}

// addStored appends the next n bytes of store. They become one piece with those before them.
func (w *writer) addStored(n int) {
	if t := &w.trains[w.n-1]; t.to > t.from && w.tail == w.used {
		last := &w.iov[t.to-1]
		last.SetLen(int(last.Len) + n)
	} else {
		w.addPiece(w.store[w.used:][:n])
	}
	w.used += n
	w.tail = w.used
}

// refuse notes that the packets from i to j were not taken.
func (w *writer) refuse(i, j int, err error) {
	if w.first == nil {
		w.first = err
	}
	for i = max(i, w.failed); i <= j; i++ {
		w.taken--
		w.q.d.count.dropped.Add(1)
	}
	w.failed = max(w.failed, j+1)
}
