package runner

import (
	"github.com/antedon-net/antedon/host"
	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/link"
)

// sender is a source of packets that leave in order: a connection, or all that belongs to none. At most one goroutine
// sends for it at a time.
type sender struct {
	busy bool
	lane uint8 // the index of the lane on which the packets leave
	conn *Conn // nil: the host's own packets
	next *sender
}

// batchSize is how many packets are cut under the mutex before they are written outside it.
const batchSize = 8

// batch holds packets on their way to the device.
type batch struct {
	p    [batchSize]host.Packet
	l    [batchSize]link.Packet
	n    int
	next *batch
}

func (s *Shard) getBatch() *batch {
	if b := s.free; b != nil {
		s.free, b.next = b.next, nil
		return b
	}
	return new(batch)
}

func (s *Shard) putBatch(b *batch) {
	b.next, s.free = s.free, b
}

// work is a list of senders that the current goroutine has taken on.
type work struct{ head, tail *sender }

func (w *work) add(x *sender) {
	x.busy, x.next = true, nil
	if w.tail == nil {
		w.head = x
	} else {
		w.tail.next = x
	}
	w.tail = x
}

// collect asks the host what the last inputs and commands have changed: it wakes who waits for it, and takes on the
// senders that nobody serves.
func (s *Shard) collect(w *work) {
	for e := s.host.NextDirty(); e != nil; e = s.host.NextDirty() {
		switch e := e.(type) {
		case *host.Conn:
			c := s.connOf(e)
			c.onEvents(e.Events())
			if !c.out.busy {
				w.add(&c.out)
			}
		case *host.Listener:
			wakeUser(e.User)
		case *host.UDP:
			wakeUser(e.User)
		case *host.Ping:
			wakeUser(e.User)
		}
	}
	if !s.direct.busy && s.host.HasPackets() {
		w.add(&s.direct)
	}
}

// waiter is who may wait for an endpoint.
type waiter interface{ wakeAll() }

func wakeUser(user any) {
	if w, ok := user.(waiter); ok {
		w.wakeAll()
	}
}

// finish ends a hold of the mutex: whatever the host now has to say is done, the packets outside the mutex.
func (s *Shard) finish(now mono.Time) {
	s.pump(now)
	s.mu.Unlock()
}

// pump does what the host now has to say. The mutex is held on entry and on return, and given up meanwhile.
func (s *Shard) pump(now mono.Time) {
	var b *batch
	for {
		var w work
		s.collect(&w)
		if w.head == nil {
			break
		}
		if b == nil {
			b = s.getBatch()
		}
		s.serve(now, b, w) // packets to ourselves make more work
		now = s.Now()      // the clock went on meanwhile, for others too: it must not run backwards
	}
	if b != nil {
		s.putBatch(b)
	}
	s.giveBack()
	s.setTimer(now)
}

// maxServe is how many packets a goroutine sends for one sender before it hands over: a caller's Read must not become a
// connection's transmitter for good.
const maxServe = 256

// serve sends what the senders in w have. The mutex is held on entry and on return.
func (s *Shard) serve(now mono.Time, b *batch, w work) {
	for x := w.head; x != nil; {
		next := x.next
		x.next = nil
		if !s.serveOne(now, b, x) {
			s.handOver(x)
		}
		if x = next; x != nil {
			now = s.Now()
		}
	}
}

// handOver leaves x to somebody else.
func (s *Shard) handOver(x *sender) {
	if s.inLoop != nil {
		s.inLoop.add(turnOver{s, x})
		return
	}
	go s.takeOver(x)
}

// takeOver goes on sending for x.
func (s *Shard) takeOver(x *sender) {
	s.mu.Lock()
	b := s.getBatch()
	for !s.serveOne(s.Now(), b, x) {
	}
	s.putBatch(b)
	s.finish(s.Now())
}

// serveOne sends for x until it has nothing left and reports true, or until its turn is over and reports false.
func (s *Shard) serveOne(now mono.Time, b *batch, x *sender) bool {
	for sent := 0; sent < maxServe; sent += b.n {
		s.fill(now, b, x)
		if b.n == 0 {
			x.busy = false
			return true
		}
		q := s.lanes[x.lane].queue
		s.mu.Unlock()
		s.transmit(q, b)
		s.mu.Lock()
		for i := range b.n {
			b.p[i].Release(s.pool)
		}
		now = s.Now()
	}
	return false
}

// fill cuts packets of x into b.
func (s *Shard) fill(now mono.Time, b *batch, x *sender) {
	b.n = 0
	for b.n < batchSize {
		p := &b.p[b.n]
		if x.conn != nil {
			if !x.conn.h.NextPacket(now, p) {
				break
			}
		} else if !s.host.NextPacket(p) {
			break
		}
		b.l[b.n] = p.Packet
		b.n++
	}
	if x.conn != nil && b.n < batchSize {
		x.conn.onEvents(x.conn.h.Events())
	}
}

// transmit writes a batch to the device. Its errors are the network's: lost packets.
func (s *Shard) transmit(q link.Queue, b *batch) {
	if _, err := q.Write(b.l[:b.n]); err != nil && !isClosed(err) {
		s.writeErrs.Add(1)
	}
}
