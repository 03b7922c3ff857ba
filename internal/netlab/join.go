package netlab

import (
	"errors"
	"net"
	"sync"

	"github.com/antedon-net/antedon/link"
)

// joinBatch is how many packets are carried at a time; each takes 64 KiB of memory.
const joinBatch = 16

// A Joint carries packets between two devices.
type Joint struct {
	a, b link.Device
	wg   sync.WaitGroup

	mu  sync.Mutex
	err error // the first one that was not about closing
}

// Join starts to carry packets from a to b and from b to a. Wrap the devices to impair or capture them on the way.
//
// What one device takes over the other must as well; queue n of a leads to queue n of b, or to its last one.
func Join(a, b link.Device) *Joint {
	j := &Joint{a: a, b: b}
	j.carry(a.Queues(), b.Queues())
	j.carry(b.Queues(), a.Queues())
	return j
}

func (j *Joint) carry(from, to []link.Queue) {
	for i, src := range from {
		dst := to[min(i, len(to)-1)]
		j.wg.Go(func() { j.pump(src, dst) })
	}
}

// pump carries packets from one queue to another until either is closed.
func (j *Joint) pump(from, to link.Queue) {
	pkts := make([]link.Packet, joinBatch)
	for i := range pkts {
		pkts[i].Buf = make([]byte, link.ReadRoom)
	}
	for {
		n, err := from.Read(pkts)
		if err != nil {
			j.note(err)
			return
		}
		// A packet that cannot be sent is lost, as on any wire.
		if _, err := to.Write(pkts[:n]); errors.Is(err, net.ErrClosed) {
			return
		}
	}
}

func (j *Joint) note(err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.err == nil && !errors.Is(err, net.ErrClosed) {
		j.err = err
	}
}

// Close closes both devices and waits until nothing moves any more. It returns what went wrong on the way, if anything.
func (j *Joint) Close() error {
	err := firstError(j.a.Close(), j.b.Close())
	j.wg.Wait()
	return firstError(j.err, err)
}
