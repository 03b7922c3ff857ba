package tun_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/link/internal/linktest"
	"github.com/antedon-net/antedon/link/internal/rtnl"
	"github.com/antedon-net/antedon/link/tun"
)

// link returns what the kernel says of an interface in the lab.
func (l *lab) link(t *testing.T, name string) (i rtnl.Link) {
	t.Helper()
	err := l.Do(func() error {
		nl, err := rtnl.Open()
		if err != nil {
			return err
		}
		defer nl.Close()
		i, err = nl.LinkByName(name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// An interface of our making has no queueing discipline, whatever happens to it.
func TestNoQdisc(t *testing.T) {
	ns := newNamespace(t)
	dev, err := openIn(ns, tun.Config{Name: "many"})
	if err != nil {
		t.Fatal(err)
	}
	linktest.Limit(t, dev)
	l := &lab{ns, dev}
	check := func(when string) {
		if got := l.link(t, "many").Qdisc; got != "noqueue" {
			t.Errorf("%s: the queueing discipline is %s, want noqueue", when, got)
		}
	}
	check("created")
	if err := errors.Join(dev.SetUp(), dev.SetTxQueueLen(10000)); err != nil {
		t.Fatal(err)
	}
	check("up")
	q := l.attach(t)
	check("two queues")
	if err := errors.Join(dev.DetachQueue(q), dev.SetDown(), dev.SetUp()); err != nil {
		t.Fatal(err)
	}
	check("down and up")
}

// Only who says so shares an interface for several queues, and only our user may.
func TestShared(t *testing.T) {
	l := newLab(t, tun.Config{Name: "ours"})
	l.attach(t)
	_, err := openIn(l.Namespace, tun.Config{Name: "ours"})
	if !errors.Is(err, unix.EBUSY) || !strings.Contains(err.Error(), "in use by another process") {
		t.Errorf("second Open: got %v, want EBUSY", err)
	}
	err = l.Do(func() error {
		f, err := os.OpenFile("/dev/net/tun", os.O_RDWR, 0)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := becomeNobody(); err != nil {
			return err
		}
		req, err := unix.NewIfreq("ours")
		if err != nil {
			return err
		}
		req.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI | unix.IFF_VNET_HDR | unix.IFF_MULTI_QUEUE)
		if err := unix.IoctlIfreq(int(f.Fd()), unix.TUNSETIFF, req); err != unix.EPERM {
			t.Errorf("another user opens a queue: got %v, want EPERM", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := l.link(t, "ours").Queues; n != 2 {
		t.Errorf("%d queues, want 2", n)
	}
	dev, err := openIn(l.Namespace, tun.Config{Name: "ours", Queues: 1})
	if err != nil {
		t.Fatalf("Open of one queue of several: %v", err)
	}
	dev.Close()
}

// becomeNobody changes the user of the calling thread alone, which Do throws away.
func becomeNobody() error {
	const nobody = 65534
	if _, _, errno := unix.RawSyscall(unix.SYS_SETRESUID, nobody, nobody, nobody); errno != 0 {
		return errno
	}
	return nil
}
