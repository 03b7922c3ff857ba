package netlab

import (
	"fmt"
	"net"
	"os"
	"sync"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// A Namespace is a private network namespace.
type Namespace struct {
	file *os.File // keeps the namespace alive

	// home takes what must run on a thread that lives as long as the namespace: the starting of child processes.
	home chan func()
	gone chan struct{} // closed when the home thread's goroutine has ended

	mu     sync.Mutex
	closed bool
	guard  *Guard // started with the first child
}

// NewNamespace makes a namespace with nothing in it but a loopback interface that is up.
func NewNamespace() (*Namespace, error) {
	if err := ready(); err != nil {
		return nil, err
	}
	ns := &Namespace{home: make(chan func()), gone: make(chan struct{})}
	made := make(chan error, 1)
	go spare(func() {
		defer close(ns.gone)
		if err := ns.enterNew(); err != nil {
			made <- err
			return
		}
		made <- nil
		for fn := range ns.home {
			fn()
		}
	})
	if err := <-made; err != nil {
		return nil, fmt.Errorf("netlab: make a network namespace: %w", err)
	}
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
// Sockets and devices opened by fn stay in the namespace, but a goroutine started by fn is outside, and so is a call
// on another thread: a child process that is to be inside is started with Command. fn must not end its goroutine, as
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
		return -1, fmt.Errorf("netlab: namespace: %w", net.ErrClosed)
	}
	return unix.FcntlInt(ns.file.Fd(), unix.F_DUPFD_CLOEXEC, 0)
}

// atHome runs fn on the thread that lives as long as the namespace.
func (ns *Namespace) atHome(fn func() error) error {
	ns.mu.Lock()
	defer ns.mu.Unlock()
	if ns.closed {
		return fmt.Errorf("netlab: namespace: %w", net.ErrClosed)
	}
	result := make(chan error, 1)
	ns.home <- func() { result <- fn() }
	return <-result
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
	close(ns.home)
	<-ns.gone
	return firstError(err, ns.file.Close())
}
