package runner

import (
	"context"
	"net"
	"net/netip"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/antedon-net/antedon/link"
)

// turns is a device whose queue can be read in turns, made of one whose queue cannot.
type turns struct {
	link.Device
	q turnsQueue
}

func newTurns(d link.Device) *turns {
	t := &turns{Device: d}
	t.q.init(d.Queues()[0])
	go t.q.fetch()
	return t
}

func (t *turns) Queues() []link.Queue { return []link.Queue{&t.q} }

// turnsQueue is a link.Waiter. A goroutine of its own fetches the packets.
type turnsQueue struct {
	link.Queue
	bell, rouse, come chan struct{}

	mu               sync.Mutex
	pkts             []link.Packet
	armed            bool
	err              error
	armings, doubles int // how often Arm was called, and how often when it was armed already
}

func (q *turnsQueue) init(over link.Queue) {
	q.Queue = over
	q.bell, q.rouse, q.come = make(chan struct{}, 1), make(chan struct{}, 1), make(chan struct{}, 1)
}

// signal puts a token into a channel that holds one.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func (q *turnsQueue) fetch() {
	for {
		p := [1]link.Packet{{Buf: make([]byte, link.ReadRoom)}}
		n, err := q.Queue.Read(p[:])
		q.feed(p[:n], err)
		if err != nil {
			return
		}
	}
}

// feed has pkts come, and err be the end.
func (q *turnsQueue) feed(pkts []link.Packet, err error) {
	q.mu.Lock()
	q.pkts = append(q.pkts, pkts...)
	if q.err = err; q.armed || err != nil {
		q.armed = false
		signal(q.bell)
	}
	q.mu.Unlock()
	signal(q.come)
}

func (q *turnsQueue) TryRead(pkts []link.Packet) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := min(len(pkts), len(q.pkts))
	for i, p := range q.pkts[:n] {
		buf := pkts[i].Buf
		pkts[i] = p
		pkts[i].Buf, pkts[i].Bytes = buf, buf[:copy(buf, p.Bytes)]
	}
	q.pkts = q.pkts[n:]
	if n == 0 {
		return 0, q.err
	}
	return n, nil
}

// TryReadSplit implements link.Splitter.
func (q *turnsQueue) TryReadSplit(pkts []link.Packet, headers int, text []byte) (int, error) {
	got := 0
	for ; got < len(pkts) && len(text) >= link.MaxPacket-headers; got++ {
		p := &pkts[got]
		if n, err := q.TryRead(pkts[got : got+1]); n == 0 {
			if got > 0 {
				err = nil
			}
			return got, err
		}
		if h, err := link.ParseHeaders(p.Bytes); err == nil && h.Payload == headers && len(p.Bytes) > headers {
			n := copy(text, p.Bytes[headers:])
			p.Bytes, p.TextLen, text = p.Bytes[:headers], uint32(n), text[n:]
		}
	}
	return got, nil
}

func (q *turnsQueue) Arm() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.armings++
	if q.armed {
		q.doubles++
	}
	if q.armed = len(q.pkts) == 0; !q.armed {
		signal(q.bell)
	}
}

func (q *turnsQueue) Wait() error {
	<-q.bell
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.err != nil {
		signal(q.bell)
	}
	return q.err
}

func (q *turnsQueue) Doze(d time.Duration) {
	q.mu.Lock()
	ready := len(q.pkts) > 0 || q.err != nil
	q.mu.Unlock()
	if ready {
		return
	}
	select {
	case <-q.come:
	case <-q.rouse:
	case <-time.After(d):
	}
}

func (q *turnsQueue) Rouse() { signal(q.rouse) }

// Nobody but the shard's own goroutine and its timers is needed for packets to be read: an echo request is answered
// although no caller is there, at first, and after callers have read.
func TestProgressWithoutCallers(t *testing.T) {
	a, b := newPair(t, link.OffloadNone)
	clients, servers := connect(t, a, b, 1)
	for range 3 {
		exchange(t, clients[0], servers[0]) // b's callers read its device
		ping(t, a, server.Addr())
	}
}

// Whoever reads the device, a wait ends when its deadline comes, or when somebody closes.
func TestWaitsEnd(t *testing.T) {
	for _, end := range []struct {
		name string
		do   func(c *Conn) error
		want error
	}{
		{"deadline", func(c *Conn) error { return c.SetDeadlines(time.Now().Add(-time.Second), true, true) }, os.ErrDeadlineExceeded},
		{"close", func(c *Conn) error { return c.Close() }, net.ErrClosed},
	} {
		t.Run(end.name, func(t *testing.T) {
			a, b := newPair(t, link.OffloadNone)
			_, servers := connect(t, a, b, 3)
			errs := make(chan error)
			for _, s := range servers { // one of them reads the device
				go func() { _, err := s.Read(make([]byte, 1)); errs <- err }()
			}
			settled(t, b, "everybody waits", func() bool {
				return servers[0].rgate.ch != nil && servers[1].rgate.ch != nil && servers[2].rgate.ch != nil
			})
			for _, s := range servers {
				if err := end.do(s); err != nil {
					t.Error(err)
				}
				if err := within(t, errs); err != end.want {
					t.Errorf("got %v, want %v", err, end.want)
				}
			}
		})
	}
}

// The queue is armed once for each time it is to wake the shard's own goroutine.
func TestArmsOnce(t *testing.T) {
	a, b := newPair(t, link.OffloadNone)
	clients, servers := connect(t, a, b, 1)
	for range 100 {
		exchange(t, clients[0], servers[0])
	}
	q := b.lanes[0].queue.(*turnsQueue)
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.doubles > 0 {
		t.Errorf("armed %d times, %d of them although it was", q.armings, q.doubles)
	}
}

func within(t *testing.T, errs chan error) error {
	t.Helper()
	select {
	case err := <-errs:
		return err
	case <-time.After(limit):
		t.Fatalf("nothing within %v", limit)
		return nil
	}
}

// ping has s ping an address, and waits for the reply.
func ping(t *testing.T, s *Shard, to netip.Addr) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	p, err := s.OpenPing(netip.Addr{}, to)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if e, err := p.Ping(ctx, 1, []byte("x"), 0); err != nil || e.Err != 0 {
		t.Errorf("got %v, %v", e, err)
	}
}
