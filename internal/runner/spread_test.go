package runner

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/antedon-net/antedon/host"
	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/pipe"
)

// steered is a device that gets queues while it works. As a TUN device does, it hands over a flow's packets on the queue on
// which that flow's were written last.
type steered struct {
	link.Device
	most int // how many queues it can have beside the first

	mu       sync.Mutex
	queues   []*steeredQueue
	flows    map[uint32]*steeredQueue // by port of the peer
	attached int                      // how often a queue was
	carried  int                      // packets handed over on others than the first
}

type steeredQueue struct {
	turnsQueue
	d        *steered
	attached bool
}

func newSteered(d link.Device, most int) *steered {
	s := &steered{Device: d, most: most, flows: map[uint32]*steeredQueue{}}
	s.add()
	go s.fetch()
	return s
}

func (s *steered) add() *steeredQueue {
	q := &steeredQueue{d: s, attached: true}
	q.init(s.Device.Queues()[0])
	s.queues = append(s.queues, q)
	return q
}

func (s *steered) Queues() []link.Queue { return []link.Queue{s.queues[0]} }

func (s *steered) AttachQueue() (link.Waiter, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.attached++
	for _, q := range s.queues {
		if !q.attached {
			q.attached = true
			return q, nil
		}
	}
	if len(s.queues) > s.most {
		return nil, errors.ErrUnsupported
	}
	return s.add(), nil
}

func (s *steered) DetachQueue(w link.Waiter) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := w.(*steeredQueue)
	q.attached = false
	q.turnsQueue.mu.Lock()
	q.pkts = nil
	q.turnsQueue.mu.Unlock()
	return nil
}

// fetch hands packets over, until the device closes.
func (s *steered) fetch() {
	for {
		p := [1]link.Packet{{Buf: make([]byte, link.ReadRoom)}}
		_, err := s.Device.Queues()[0].Read(p[:])
		s.mu.Lock()
		queues := s.queues
		if err == nil {
			q := s.flows[uint32(binary.BigEndian.Uint16(p[0].Bytes[20:]))] // the source port
			if q == nil || !q.attached {
				q = s.queues[0]
			}
			if queues = []*steeredQueue{q}; q != s.queues[0] {
				s.carried++
			}
		}
		s.mu.Unlock()
		for _, q := range queues {
			q.feed(p[:1], err)
		}
		if err != nil {
			return
		}
	}
}

func (q *steeredQueue) Write(pkts []link.Packet) (int, error) {
	q.d.mu.Lock()
	for i := range pkts {
		if q.attached {
			q.d.flows[uint32(binary.BigEndian.Uint16(pkts[i].Bytes[22:]))] = q // the destination port
		}
	}
	q.d.mu.Unlock()
	return q.turnsQueue.Write(pkts)
}

func (s *steered) count() (attached, carried int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.attached, s.carried
}

// Connections that receive much get queues of their own, as many as there are, and give them back when they are idle. Nothing
// is lost or mixed up on the way there and back.
func TestSpread(t *testing.T) {
	const streams = 4
	for _, most := range []int{0, 1, 2, 16} {
		da, db := pipe.New(pipe.Config{QueueLen: 1 << 20})
		d := newSteered(db, most)
		a := New(da, host.Config{Addrs: []netip.Prefix{netip.MustParsePrefix("10.0.0.1/24")}, Secret: [32]byte{1}})
		b := New(d, host.Config{Addrs: []netip.Prefix{netip.MustParsePrefix("10.0.0.2/24")}, Secret: [32]byte{2}})
		t.Cleanup(func() { cutOff(a, b) })
		b.mu.Lock()
		b.spread.rate = 1 // however slow this machine is
		b.spread.restFor = 20 * time.Millisecond
		b.mu.Unlock()
		clients, servers := connect(t, a, b, streams)
		for round := range 2 {
			was, carried := d.count()
			enough := func() bool {
				attached, now := d.count()
				return attached > was && (most == 0 || now > carried)
			}
			pour(t, clients, servers, enough)
			settled(t, b, "every queue is given back", func() bool {
				for _, l := range b.lanes[1:] {
					if l.attached || len(l.conns) > 0 {
						return false
					}
				}
				return !b.spread.full || most == 0
			})
			if n := len(b.lanes); n > 1+most {
				t.Errorf("%d lanes, at most %d more queues", n, most)
			}
			for i := range clients {
				exchange(t, clients[i], servers[i])
			}
			if most == 0 && round == 0 {
				break // it has found out
			}
		}
		cutOff(a, b)
	}
}

// pour sends on all clients at the same time, until enough says so, and compares what their servers receive.
func pour(t *testing.T, clients, servers []*Conn, enough func() bool) {
	t.Helper()
	var wg sync.WaitGroup
	for i := range clients {
		total := make(chan int64, 1)
		wg.Go(func() {
			n, last, chunk := int64(0), false, make([]byte, 100_000)
			for !last {
				if last = n > 2*bulkBytes && enough(); last {
					total <- n + int64(len(chunk)) // before that is sent, or its reader would not look
				}
				for k := 0; k < len(chunk); k += 8 {
					binary.BigEndian.PutUint64(chunk[k:], uint64(i)<<56|uint64(n)+uint64(k))
				}
				if _, err := clients[i].Write(chunk); err != nil {
					t.Error(err)
					return
				}
				n += int64(len(chunk))
			}
		})
		wg.Go(func() {
			want := int64(-1)
			got, b, c := int64(0), make([]byte, 50_000), make([]byte, 50_000)
			for got != want {
				select {
				case want = <-total:
					continue
				default:
				}
				if _, err := io.ReadFull(servers[i], b); err != nil {
					t.Error(err)
					return
				}
				for k := 0; k < len(c); k += 8 {
					binary.BigEndian.PutUint64(c[k:], uint64(i)<<56|uint64(got)+uint64(k))
				}
				if !bytes.Equal(b, c) {
					t.Errorf("stream %d: other bytes than were sent, within %d of %d", i, len(b), got)
					return
				}
				got += int64(len(b))
			}
		})
	}
	wg.Wait()
}
