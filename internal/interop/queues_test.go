package interop

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"github.com/antedon-net/antedon"
	"github.com/antedon-net/antedon/internal/netlab"
)

// TestQueues has a kernel send on several connections as fast as it can, until they have got queues of the TUN device of their
// own, and for some time more. When they are idle the device has one queue again, and they go on.
func TestQueues(t *testing.T) {
	t.Parallel()
	const conns, size = 8, 64 << 20 / slow
	lab, err := netlab.New(netlab.Options{TUN: netlab.TUNAlways})
	if err != nil {
		t.Fatal(err)
	}
	defer lab.Close()
	stack, err := antedon.New(lab.Device(), antedon.Config{Addrs: lab.Options.Ours})
	if err != nil {
		t.Fatal(err)
	}
	b := &bed{Lab: lab, stack: stack}
	defer b.close(t)
	for _, v := range b.versions() {
		c := corner{client: b.Lab, server: b.stack, from: v.kernel, to: v.ours, ours: true}
		ln := c.listen(t)
		var ours, kernel []net.Conn
		for range conns {
			client, server := c.dial(t, ln)
			ours, kernel = append(ours, server), append(kernel, client)
		}
		var enough atomic.Bool
		ctx, cancel := context.WithTimeout(bounded(t), limit)
		go func() {
			defer enough.Store(true)
			for ctx.Err() == nil && queues(t, lab) < 2 && slow == 1 { // with the race detector it is too slow to get any
				<-time.After(look)
			}
		}()
		var all []func() error
		for i := range conns {
			total := make(chan int64, 1)
			all = append(all,
				func() error { return count(kernel[i], uint64(i)<<56, size, &enough, total) },
				func() error { return counted(ours[i], uint64(i)<<56, total) })
		}
		atOnce(t, all...)
		if ctx.Err() != nil {
			t.Errorf("%s: no queue was attached", v.name)
		}
		cancel()
		for end := time.Now().Add(limit); queues(t, lab) > 1; {
			if time.Now().After(end) {
				t.Fatalf("%s: %d queues are attached, although nothing happens", v.name, queues(t, lab))
			}
			<-time.After(look)
		}
	}
}

// queues returns how many queues the lab's device has.
func queues(t *testing.T, lab *netlab.Lab) int {
	n := 0
	err := lab.Do(func() error {
		l, err := netlink.LinkByName(lab.Options.Name)
		if err == nil {
			n = l.(*netlink.Tuntap).Queues
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	return n
}

// look is how often the kernel is asked, which tells nobody of a queue.
const look = 20 * time.Millisecond

const piece = 64 << 10

// count sends the numbers from first on, in steps of 8, size bytes and more until it is enough.
func count(c net.Conn, first uint64, size int64, enough *atomic.Bool, total chan<- int64) error {
	b := make([]byte, piece)
	for n, last := int64(0), false; !last; n += piece {
		if last = n >= size && enough.Load(); last {
			total <- n + piece // before its last bytes are there, after which the reader would wait for more
		}
		fillCounted(b, first+uint64(n))
		if _, err := c.Write(b); err != nil {
			return err
		}
	}
	return nil
}

// counted reads what count sends.
func counted(c net.Conn, first uint64, total <-chan int64) error {
	got, want := make([]byte, piece), make([]byte, piece)
	end := int64(-1)
	for n := int64(0); n != end; n += piece {
		if _, err := io.ReadFull(c, got); err != nil {
			return err
		}
		if fillCounted(want, first+uint64(n)); !bytes.Equal(got, want) {
			return fmt.Errorf("connection %d: other bytes than were sent, after %d", first>>56, n)
		}
		select {
		case end = <-total:
		default:
		}
		if n+piece == end {
			return nil
		}
	}
	return nil
}

func fillCounted(b []byte, first uint64) {
	for i := 0; i < len(b); i += 8 {
		binary.BigEndian.PutUint64(b[i:], first+uint64(i))
	}
}
