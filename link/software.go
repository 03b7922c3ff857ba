package link

import "sync"

// WithoutOffload returns a device that carries the packets of d and announces no offload: super-packets are cut and
// checksums completed in software, in both directions. It is for wrappers that must see each packet as it would be on a
// wire.
func WithoutOffload(d Device) Device {
	if d.Offload() == OffloadNone {
		return d // offload may shrink but never grows
	}
	s := &softwareDevice{Device: d}
	for _, q := range d.Queues() {
		s.queues = append(s.queues, SoftwareQueue(q))
	}
	return s
}

type softwareDevice struct {
	Device
	queues []Queue
}

func (d *softwareDevice) Offload() Offload { return OffloadNone }
func (d *softwareDevice) Queues() []Queue  { return d.queues }

// SoftwareQueue is WithoutOffload for a single queue.
func SoftwareQueue(q Queue) Queue { return &softwareQueue{Queue: q} }

type softwareQueue struct {
	Queue
	in    []Packet  // read from the inner queue; made by the first Read
	next  int       // first packet of in that was not begun
	n     int       // how many there are
	cut   Segmenter // the packet under way, if cutting
	begun bool
}

// softwareBatch is how many packets are read at once, each with 64 KiB of memory.
const softwareBatch = 8

func (q *softwareQueue) Read(pkts []Packet) (int, error) { return q.read(pkts, q.Queue.Read) }

func (q *softwareQueue) TryRead(pkts []Packet) (int, error) { return q.read(pkts, q.Queue.TryRead) }

func (q *softwareQueue) read(pkts []Packet, inner func([]Packet) (int, error)) (int, error) {
	if q.in == nil {
		q.in = make([]Packet, softwareBatch)
		for i := range q.in {
			q.in[i].Buf = make([]byte, ReadRoom)
		}
	}
	got := 0
	for got < len(pkts) {
		if q.fill(&pkts[got]) {
			got++
			continue
		}
		if got > 0 {
			inner = q.Queue.TryRead
		}
		n, err := inner(q.in)
		if n == 0 {
			if got > 0 {
				err = nil // it will be there at the next call
			}
			return got, err
		}
		q.next, q.n = 0, n
	}
	return got, nil
}

// fill sets p to the next packet, and reports whether there was one.
func (q *softwareQueue) fill(p *Packet) bool {
	for {
		if q.begun {
			if b := q.cut.Next(p.Buf); b != nil {
				*p = Packet{Buf: p.Buf, Bytes: b, CsumValid: q.in[q.next].CsumValid}
				return true
			}
			q.begun = false
			q.next++
		}
		if q.next == q.n {
			return false
		}
		if q.cut.Reset(&q.in[q.next]) != nil {
			q.next++ // nothing that could be called its packets
			continue
		}
		q.begun = true
	}
}

// Write passes complete packets on as they are and cuts the others.
func (q *softwareQueue) Write(pkts []Packet) (int, error) {
	var first error
	taken := 0
	for len(pkts) > 0 {
		n := 0
		for n < len(pkts) && pkts[n].SegSize == 0 && CompleteChecksum(&pkts[n]) == nil {
			n++
		}
		var err error
		if n > 0 {
			var k int
			k, err = q.Queue.Write(pkts[:n])
			taken += k
		} else {
			n = 1
			if err = q.writeSuper(&pkts[0]); err == nil {
				taken++
			}
		}
		if first == nil {
			first = err
		}
		pkts = pkts[n:]
	}
	return taken, first
}

// writeSuper writes the packets that p stands for.
func (q *softwareQueue) writeSuper(p *Packet) error {
	w := cutters.Get().(*cutter)
	defer cutters.Put(w)
	if err := w.seg.Reset(p); err != nil {
		return err
	}
	var first error
	for more := true; more; {
		n, room := 0, w.buf[:]
		for n < len(w.pkts) && len(room) >= w.seg.Max() {
			b := w.seg.Next(room)
			if b == nil {
				more = false
				break
			}
			w.pkts[n] = Packet{Bytes: b}
			n, room = n+1, room[len(b):]
		}
		if _, err := q.Queue.Write(w.pkts[:n]); err != nil && first == nil {
			first = err
		}
	}
	return first
}

// cutter is what cutting a super-packet takes: memory for all of its packets, or for a batch of very small ones.
type cutter struct {
	seg  Segmenter
	pkts [64]Packet
	buf  [128 << 10]byte
}

var cutters = sync.Pool{New: func() any { return new(cutter) }}
