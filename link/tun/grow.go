package tun

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/internal/fdqueue"
)

// maxMore is how many queues a device can be given beside its first, if they are no more than that share of the files that this
// process may have.
const (
	maxMore      = 64
	shareOfFiles = 8
)

// errFixed is why most devices keep the queues they have.
var errFixed = errors.New("it was opened with a fixed number of queues")

// growth is what a device needs to be given queues while it works.
type growth struct {
	flags   uint16 // as those of the first queue
	framing fdqueue.Framing

	mu       sync.Mutex // held over the system calls too: the kernel does them one after the other anyway
	closed   bool
	never    error // why there will be no new queue, or nil
	spares   []int // descriptors opened in the interface's network namespace, which later threads need not be in
	attached []*fdqueue.Queue
	detached []*fdqueue.Queue
}

// AttachQueue implements link.Attacher. There can be 64 at a time beside the first, or an eighth of the files that the process may
// have, if that is less. A new one takes the privilege to open the interface, which the user has who created it. A process that
// becomes another user's gives it to that user before, with SetOwner; otherwise the error then satisfies
// errors.Is(err, errors.ErrUnsupported).
//
// The kernel notes where a flow belongs after it has dealt with a packet of it, and answered: the answer to the first that is
// written to the queue, such as a SYN, may still come on any other.
func (d *Device) AttachQueue() (link.Waiter, error) {
	g := &d.more
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return nil, net.ErrClosed
	}
	q, err := d.reattach()
	if q == nil && err == nil {
		q, err = d.attachNew()
	}
	if err != nil {
		return nil, err
	}
	g.attached = append(g.attached, q)
	return q, nil
}

// DetachQueue implements link.Attacher. The kernel takes packets that are written to a detached queue.
//
// The queue attached last takes the place of the one detached, and the kernel goes on looking for flows where it saw them last:
// what it finds no queue for comes on the first, with a warning in its log, until we write packets of that flow again. So it
// is best to detach in the reverse order, and flows that have already been written to another queue.
func (d *Device) DetachQueue(q link.Waiter) error {
	g := &d.more
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return net.ErrClosed
	}
	i := slices.IndexFunc(g.attached, func(a *fdqueue.Queue) bool { return a == q })
	if i < 0 {
		return fmt.Errorf("tun: %s: the queue to detach is not one that was attached: %w", d.name, unix.EINVAL)
	}
	a := g.attached[i]
	if err := switchQueue(a, unix.IFF_DETACH_QUEUE); err != nil {
		return d.explainQueue("take a queue from", err)
	}
	g.attached = slices.Delete(g.attached, i, i+1)
	g.detached = append(g.detached, a)
	return nil
}

// reattach attaches a queue that was detached. It returns nil if there is none.
func (d *Device) reattach() (*fdqueue.Queue, error) {
	g := &d.more
	last := len(g.detached) - 1
	if last < 0 {
		return nil, nil
	}
	q := g.detached[last]
	if err := switchQueue(q, unix.IFF_ATTACH_QUEUE); err != nil {
		return nil, d.explainQueue("give a queue back to", err)
	}
	g.detached = g.detached[:last]
	return q, nil
}

// attachNew attaches a queue that was not there before.
func (d *Device) attachNew() (*fdqueue.Queue, error) {
	g := &d.more
	if g.never != nil {
		return nil, fmt.Errorf("tun: %s gets no more queues: %w: %w", d.name, g.never, errors.ErrUnsupported)
	}
	last := len(g.spares) - 1
	if last < 0 {
		return nil, fmt.Errorf("tun: all queues of %s are attached: %w", d.name, unix.E2BIG)
	}
	fd := g.spares[last]
	err := d.fds[0].Control(func(first int) error { return attachBeside(fd, first, g.flags) })
	switch {
	case err == nil:
	case err == unix.EBADFD, err == unix.E2BIG, err == unix.ENOMEM: // deleted, or it may pass
		return nil, d.explainQueue("give a queue to", err)
	default:
		g.giveUp(explain("give a queue to", d.name, err))
		return nil, fmt.Errorf("%w: %w", g.never, errors.ErrUnsupported)
	}
	g.spares = g.spares[:last]
	q, err := fdqueue.New(fd, d.name, g.framing, &d.state)
	if err != nil {
		return nil, fmt.Errorf("tun: %s: %w", d.name, err)
	}
	return q, nil
}

// attachBeside makes fd another queue of the interface that first is one of. TUNSETIFF goes by name: it must not end at
// another interface if this one has been renamed, or deleted, in which case the kernel would create it again.
func attachBeside(fd, first int, flags uint16) error {
	name, err := interfaceName(first)
	if err != nil {
		return err
	}
	if _, err := attachTo(fd, name, flags); err != nil {
		return err
	}
	ours, err := interfaceName(first)
	if err == nil && ours == name {
		return nil
	}
	return errElsewhere
}

var errElsewhere = errors.New("it was renamed or deleted just now")

// interfaceName returns the name of the interface that fd is a queue of, EBADFD if it was deleted.
func interfaceName(fd int) (string, error) {
	req, err := unix.NewIfreq("")
	if err != nil {
		return "", err
	}
	err = unix.IoctlIfreq(fd, unix.TUNGETIFF, req)
	return req.Name(), err
}

// switchQueue attaches or detaches a queue that has been attached before.
func switchQueue(q *fdqueue.Queue, how uint16) error {
	req, err := unix.NewIfreq("")
	if err != nil {
		return err
	}
	req.SetUint16(how)
	return q.Control(func(fd int) error { return unix.IoctlIfreq(fd, unix.TUNSETQUEUE, req) })
}

// explainQueue explains the error of attaching or detaching, which need not say that the interface was deleted.
func (d *Device) explainQueue(op string, err error) error {
	gone := d.fds[0].Control(func(fd int) error { _, err := interfaceName(fd); return err })
	if fatal := d.gone(gone); fatal != nil {
		return fatal
	}
	return explain(op, d.name, err)
}

// prepare opens descriptors for the queues to come, unless they would be the last that this process can have.
func (g *growth) prepare() {
	g.never = nil
	n := uint64(maxMore)
	var files unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &files) == nil {
		n = min(n, files.Cur/shareOfFiles)
	}
	for range n {
		fd, err := openUnattached()
		if err != nil {
			g.giveUp(fmt.Errorf("no descriptors could be kept for them: %w", err))
			return
		}
		g.spares = append(g.spares, fd)
	}
}

// giveUp notes why no new queue can be had.
func (g *growth) giveUp(why error) {
	g.never = why
	closeAll(g.spares)
	g.spares = nil
}

func (g *growth) close() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
	var err error
	for _, q := range slices.Concat(g.attached, g.detached) {
		err = errors.Join(err, q.Close())
	}
	g.attached, g.detached = nil, nil
	g.giveUp(net.ErrClosed)
	return err
}
