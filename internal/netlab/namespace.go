package netlab

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"sync"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// A Namespace is a private network namespace.
type Namespace struct {
	file *os.File // keeps the namespace alive
	home *thread  // where child processes are started

	mu     sync.Mutex
	closed bool
	guard  *Guard // started with the first child
}

// NewNamespace makes a namespace with nothing in it but a loopback interface that is up.
func NewNamespace() (*Namespace, error) {
	if err := ready(); err != nil {
		return nil, err
	}
	ns := new(Namespace)
	home, err := startThread(ns.enterNew)
	if err != nil {
		return nil, fmt.Errorf("netlab: %w", err)
	}
	ns.home = home
	return ns, nil
}

// enterNew moves the calling thread into a new namespace and prepares that.
func (ns *Namespace) enterNew() error {
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return explain(err)
	}
	f, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return err
	}
	if err := linkUp("lo"); err != nil {
		f.Close()
		return err
	}
	ns.file = f
	return nil
}

func linkUp(name string) error {
	l, err := netlink.LinkByName(name)
	if err == nil {
		err = netlink.LinkSetUp(l)
	}
	if err != nil {
		return fmt.Errorf("bring up %s: %w", name, err)
	}
	return nil
}

// Do runs fn inside the namespace, on a thread of its own, and returns its error. Calls may overlap and nest.
//
// Sockets and devices opened by fn stay in the namespace, but a goroutine started by fn is outside, and a process
// started by fn is inside without being looked after: that is what Command is for. fn must not end its goroutine, as
// t.FailNow would.
func (ns *Namespace) Do(fn func() error) error {
	fd, err := ns.dup()
	if err != nil {
		return err
	}
	return onThread(func() error {
		err := unix.Setns(fd, unix.CLONE_NEWNET)
		unix.Close(fd)
		if err != nil {
			return fmt.Errorf("netlab: enter the namespace: %w", err)
		}
		return fn()
	})
}

// dup returns a descriptor of the namespace that Close leaves alone.
func (ns *Namespace) dup() (int, error) {
	ns.mu.Lock()
	defer ns.mu.Unlock()
	if ns.closed {
		return -1, errClosed
	}
	return unix.FcntlInt(ns.file.Fd(), unix.F_DUPFD_CLOEXEC, 0)
}

// start starts cmd inside the namespace, under a guard.
func (ns *Namespace) start(cmd *exec.Cmd) error {
	ns.mu.Lock()
	defer ns.mu.Unlock()
	if ns.closed {
		return errClosed
	}
	if ns.guard == nil {
		g, err := startGuard(ns.file)
		if err != nil {
			return err
		}
		ns.guard = g
	}
	return ns.home.do(cmd.Start)
}

// Close ends all processes in the namespace and lets go of it. Sockets and devices in it that are still open keep it
// alive until they are closed.
func (ns *Namespace) Close() error {
	ns.mu.Lock()
	defer ns.mu.Unlock()
	if ns.closed {
		return nil
	}
	ns.closed = true
	err := endProcesses(int(ns.file.Fd()))
	if ns.guard != nil {
		err = firstError(err, ns.guard.Close())
	}
	ns.home.stop()
	return firstError(err, ns.file.Close())
}

var errClosed = fmt.Errorf("netlab: namespace: %w", net.ErrClosed)
