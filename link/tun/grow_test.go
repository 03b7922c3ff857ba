package tun_test

import (
	"bytes"
	"errors"
	"io/fs"
	"net"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/internal/linktest"
	"github.com/antedon-net/antedon/link/tun"
)

// attach gives the device a queue, from a thread that is not in its namespace.
func (l *lab) attach(t *testing.T) link.Waiter {
	t.Helper()
	q, err := l.dev.AttachQueue()
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// isOn checks that what the kernel sends to c comes on q.
func isOn(t *testing.T, q link.Queue, c *linktest.Conn, k net.Conn) {
	t.Helper()
	want := pattern(3000)
	if _, err := k.Write(want); err != nil {
		t.Fatal(err)
	}
	c.Use(q)
	if got, err := c.Receive(len(want)); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("received %d bytes, %v; want the %d sent", len(got), err, len(want))
	}
}

// A flow follows the queue on which we write, and comes back to the first when that queue is detached.
func TestAttachQueue(t *testing.T) {
	l := newLab(t, tun.Config{})
	first := l.dev.Queues()[0]
	c, k := l.connect(t, first, ours4, kernel4.Addr())
	second, third := l.attach(t), l.attach(t)
	for _, q := range []link.Queue{second, third, first, second} {
		c.Use(q)
		send(t, c, k, pattern(5000))
		isOn(t, q, c, k)
	}
	checkSizes(t, l.dev, c)
	for _, q := range []link.Waiter{third, second} {
		if err := l.dev.DetachQueue(q); err != nil {
			t.Fatal(err)
		}
	}
	isOn(t, first, c, k)
	if again := l.attach(t); again != second {
		t.Error("the queue attached is not the one detached last")
	}
	c.Use(second)
	send(t, c, k, pattern(5000))
	isOn(t, second, c, k)
	if got := l.dev.Queues(); len(got) != 1 || got[0] != first {
		t.Errorf("Queues returns %d queues, want the first alone", len(got))
	}
	if s := l.dev.Stats(); s.Refused != 0 || s.Dropped != 0 {
		t.Errorf("stats %+v, want nothing refused or dropped", s)
	}
}

// A detached queue is quiet, and no error: somebody may be in the midst of writing to it, or wait in it.
func TestDetachedQueue(t *testing.T) {
	l := newLab(t, tun.Config{})
	q := l.attach(t)
	if err := l.dev.DetachQueue(q); err != nil {
		t.Fatal(err)
	}
	if err := l.dev.DetachQueue(q); !errors.Is(err, unix.EINVAL) || errors.Is(err, net.ErrClosed) {
		t.Errorf("detached twice: got %v", err)
	}
	if n, err := q.TryRead(linktest.Packets(1)); n != 0 || err != nil {
		t.Errorf("TryRead while detached: got %d, %v", n, err)
	}
	done := make(chan error)
	go func() { done <- linktest.AwaitEcho(q, 20) }()
	if n, err := q.Write([]link.Packet{linktest.Echo(ours4, kernel4.Addr(), 10)}); n != 1 || err != nil {
		t.Errorf("Write while detached: got %d, %v", n, err)
	}
	if err := linktest.AwaitEcho(l.dev.Queues()[0], 10); err != nil {
		t.Fatal(err)
	}
	l.attach(t)
	for range 2 { // the first may be answered before the kernel has taken note of the queue
		if _, err := q.Write([]link.Packet{linktest.Echo(ours4, kernel4.Addr(), 20)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := <-done; err != nil {
		t.Errorf("waiting while detached: %v", err)
	}
}

func TestAttachLimit(t *testing.T) {
	ns := newNamespace(t)
	var files unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &files); err != nil {
		t.Fatal(err)
	}
	most := min(64, files.Cur/8)
	var before int
	for range 2 { // the first time the runtime may open descriptors of its own
		before = openFiles(t)
		dev, err := openIn(ns, tun.Config{})
		if err != nil {
			t.Fatal(err)
		}
		l := &lab{ns, dev}
		var last link.Waiter
		for range most {
			last = l.attach(t)
		}
		if _, err := dev.AttachQueue(); !errors.Is(err, unix.E2BIG) || errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("one more than %d queues: got %v", most, err)
		}
		if err := dev.DetachQueue(last); err != nil {
			t.Fatal(err)
		}
		if l.attach(t); dev.DetachQueue(last) != nil {
			t.Error("the queue that was attached again is not the same")
		}
		if err := dev.Close(); err != nil {
			t.Error(err)
		}
		if _, err := dev.AttachQueue(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("AttachQueue after Close: got %v", err)
		}
		if err := dev.DetachQueue(last); !errors.Is(err, net.ErrClosed) {
			t.Errorf("DetachQueue after Close: got %v", err)
		}
	}
	if after := openFiles(t); after > before {
		t.Errorf("%d descriptors before, %d after Close", before, after)
	}
}

func openFiles(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

func TestAttachBesideClose(t *testing.T) {
	ns := newNamespace(t)
	for range 10 {
		dev, err := openIn(ns, tun.Config{})
		if err != nil {
			t.Fatal(err)
		}
		linktest.Limit(t, dev)
		const workers = 4
		attached, done := make(chan bool, workers), make(chan error, workers)
		for range workers {
			go func() { done <- attachUntilClosed(dev, attached) }()
		}
		for range workers {
			<-attached
		}
		if err := dev.Close(); err != nil {
			t.Error(err)
		}
		for range workers {
			if err := <-done; !errors.Is(err, net.ErrClosed) || errors.Is(err, errors.ErrUnsupported) {
				t.Errorf("got %v, want net.ErrClosed alone", err)
			}
		}
	}
}

// attachUntilClosed attaches and detaches queues until that fails. It says when the first was attached, or could not be.
func attachUntilClosed(dev *tun.Device, attached chan<- bool) error {
	for i := 0; ; i++ {
		q, err := dev.AttachQueue()
		if i == 0 {
			attached <- err == nil
		}
		if err == nil {
			_, err = q.Write([]link.Packet{linktest.Echo(ours4, kernel4.Addr(), 10)})
			if errors.Is(err, unix.EIO) { // the interface is down
				err = nil
			}
		}
		if err == nil {
			err = dev.DetachQueue(q)
		}
		if err != nil {
			return err
		}
	}
}

func TestAttachUnsupported(t *testing.T) {
	ns := newNamespace(t)
	for _, cfg := range []tun.Config{
		{Queues: 1}, {Queues: 2}, {NoOffload: true}, {Name: "single", Persist: true}, {Name: "single"},
	} {
		dev, err := openIn(ns, cfg)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := dev.AttachQueue(); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%+v: got %v, want errors.ErrUnsupported", cfg, err)
		}
		if err := dev.DetachQueue(dev.Queues()[0].(link.Waiter)); !errors.Is(err, unix.EINVAL) {
			t.Errorf("%+v: detaching the first queue: got %v", cfg, err)
		}
		dev.Close()
	}
	f, err := openRaw(ns, "given0", unix.IFF_TUN|unix.IFF_NO_PI|unix.IFF_MULTI_QUEUE)
	if err != nil {
		t.Fatal(err)
	}
	dev, err := tun.FromFile(f, tun.Config{MTU: 1500})
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	if _, err := dev.AttachQueue(); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("FromFile: got %v, want errors.ErrUnsupported", err)
	}
}

// An interface for several queues that is deleted must not be created anew, and one that is renamed be found.
func TestAttachRenamedAndDeleted(t *testing.T) {
	l := newLab(t, tun.Config{Name: "before"})
	if err := l.dev.SetDown(); err != nil {
		t.Fatal(err)
	}
	if out, err := l.Command(t.Context(), "ip", "link", "set", "before", "name", "after").CombinedOutput(); err != nil {
		t.Fatalf("ip: %v\n%s", err, out)
	}
	one, two := l.attach(t), l.attach(t)
	if err := l.dev.DetachQueue(two); err != nil {
		t.Fatal(err)
	}
	if err := l.dev.Interface.Delete(); err != nil {
		t.Fatal(err)
	}
	if _, err := l.dev.AttachQueue(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("attaching again: got %v, want net.ErrClosed", err)
	}
	if err := l.dev.DetachQueue(one); !errors.Is(err, net.ErrClosed) {
		t.Errorf("detaching: got %v, want net.ErrClosed", err)
	}
	for _, q := range []link.Waiter{one, two} {
		if _, err := q.Read(linktest.Packets(1)); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Read: got %v, want net.ErrClosed", err)
		}
	}

	l = newLab(t, tun.Config{Name: "gone"})
	if err := l.dev.Interface.Delete(); err != nil {
		t.Fatal(err)
	}
	if _, err := l.dev.AttachQueue(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("attaching a new queue: got %v, want net.ErrClosed", err)
	}
	l.Do(func() error {
		if _, err := tun.Lookup("gone"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Lookup of what was deleted: got %v, want fs.ErrNotExist", err)
		}
		return nil
	})
}

// The thread that attaches a queue may be in another namespace than the device, and without privilege if it is our user's.
func TestAttachElsewhere(t *testing.T) {
	l := newLab(t, tun.Config{Name: "home"})
	err := newNamespace(t).Do(func() error {
		if err := dropCapabilities(); err != nil {
			return err
		}
		if _, err := l.dev.AttachQueue(); err != nil {
			return err
		}
		if _, err := tun.Lookup("home"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Lookup in the other namespace: got %v, want fs.ErrNotExist", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := l.link(t, "home").Queues; n != 2 {
		t.Errorf("%d queues, want 2", n)
	}
}

// Who has no right to open the interface can attach only the queues that there have been.
func TestAttachDenied(t *testing.T) {
	l := newLab(t, tun.Config{})
	q := l.attach(t)
	if err := errors.Join(l.dev.DetachQueue(q), l.dev.SetOwner(12345)); err != nil {
		t.Fatal(err)
	}
	before := openFiles(t)
	err := l.Do(func() error {
		if err := dropCapabilities(); err != nil {
			return err
		}
		if _, err := l.dev.AttachQueue(); err != nil {
			return err
		}
		_, err := l.dev.AttachQueue()
		return err
	})
	if !errors.Is(err, errors.ErrUnsupported) || !errors.Is(err, fs.ErrPermission) {
		t.Errorf("got %v, want errors.ErrUnsupported and fs.ErrPermission", err)
	}
	if _, err := l.dev.AttachQueue(); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("with privilege again: got %v, want errors.ErrUnsupported", err)
	}
	if n := before - openFiles(t); n < 15 {
		t.Errorf("%d spare descriptors closed, want 15", n)
	}
}
