package tun

import (
	"errors"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/link/internal/rtnl"
)

// create creates an interface for several queues and opens the first. If that fails, for whatever reason, nothing is left of
// it, and the interface is to be opened as one of a single queue: it may be one that exists.
func (o *opened) create() error {
	o.multi = true
	fd, name, err := openQueue(o.name, o.flags()|iffExclusive)
	if err == nil {
		if err = prepare(fd, name); err != nil {
			unix.Close(fd) // and the interface is gone
		}
	}
	if err != nil {
		o.multi = false
		return err
	}
	o.fds, o.name, o.grows = []int{fd}, name, true
	return nil
}

// prepare makes an interface for several queues, just created, behave as one for a single queue does.
func prepare(fd int, name string) error {
	// The kernel keeps nobody from opening another queue of it, and thus from getting a share of our packets, unless it
	// has an owner.
	if err := unix.IoctlSetInt(fd, unix.TUNSETOWNER, unix.Geteuid()); err != nil {
		return err
	}
	nl, err := rtnl.Open()
	if err != nil {
		return err
	}
	defer nl.Close()
	l, err := nl.LinkByName(name)
	if err != nil {
		return err
	}
	if l.Queues != 1 {
		return errors.ErrUnsupported // somebody was faster, or whether somebody is there cannot be told
	}
	// By default each of the 256 queues it could have gets a queueing discipline for three times as many packets as the
	// queue length says, 100 MB in all if that is 10,000. They would hold none of them: what we do not read waits in the
	// device itself.
	return nl.SetQdisc(l.Index, "noqueue")
}

// claim sees to it that nobody else has a queue of an interface that was made for several, of which fd is one, as the kernel
// does for an interface of a single queue. It closes fd if it fails.
func (o *opened) claim(fd int, name string) error {
	nl, err := rtnl.Open()
	if err != nil {
		return closeWith(fd, err)
	}
	defer nl.Close()
	l, err := nl.LinkByName(name)
	switch {
	case err != nil:
		return closeWith(fd, err)
	case l.Queues > 1:
		return closeWith(fd, unix.EBUSY)
	}
	o.grows = l.Queues == 1 && o.vnet
	return nil
}
