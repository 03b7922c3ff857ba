package tun

import (
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/link/internal/rtnl"
)

// Interface is the kernel's side of a TUN device. Its methods take CAP_NET_ADMIN.
type Interface struct {
	name       string
	index      int
	mtu        int // when it was looked up
	packetInfo bool
	queueLen   atomic.Int32
	nl         *rtnl.Conn

	mu    sync.Mutex
	addrs []netip.Addr // IPv6 addresses added; see settle
}

// Route is a way for the kernel's packets into the device.
type Route = rtnl.Route

// Lookup finds an interface in the calling thread's network namespace without opening the device. The error satisfies
// errors.Is(err, fs.ErrNotExist) if there is none of that name. The Interface holds a netlink socket until Close.
func Lookup(name string) (*Interface, error) {
	nl, err := rtnl.Open()
	if err != nil {
		return nil, fmt.Errorf("tun: %w", err)
	}
	l, err := nl.LinkByName(name)
	switch {
	case errors.Is(err, unix.ENODEV):
		err = fmt.Errorf("tun: there is no interface %s: %w", name, unix.ENOENT)
	case err != nil:
		err = explain("find", name, err)
	case l.Kind != "tun":
		err = fmt.Errorf("tun: %s is an interface, but no TUN device: %w", name, unix.EINVAL)
	default:
		i := &Interface{name: name, index: l.Index, mtu: l.MTU, packetInfo: l.PacketInfo, nl: nl}
		i.queueLen.Store(int32(l.TxQueueLen))
		return i, nil
	}
	nl.Close()
	return nil, err
}

// Name returns the interface's name.
func (i *Interface) Name() string { return i.name }

// Index returns the interface's index, or 0 if it lies in another network namespace.
func (i *Interface) Index() int { return i.index }

// SetUp brings the interface up. Packets written before that are lost.
func (i *Interface) SetUp() error {
	err := i.do("bring up", func() error { return i.nl.SetUp(i.index, true) })
	if err == nil {
		i.settle()
	}
	return err
}

// SetDown takes the interface down; its routes vanish.
func (i *Interface) SetDown() error {
	return i.do("take down", func() error { return i.nl.SetUp(i.index, false) })
}

// SetMTU sets the interface's MTU.
func (i *Interface) SetMTU(n int) error {
	return i.do(fmt.Sprintf("set the MTU to %d of", n), func() error { return i.nl.SetMTU(i.index, n) })
}

// defaultQueueLen is the queue length of a new interface.
const defaultQueueLen = 500

// QueueLen implements link.Queued: how many packets the kernel keeps for us while we do not read, when last known.
func (i *Interface) QueueLen() int { return int(i.queueLen.Load()) }

// SetTxQueueLen sets how many packets the kernel keeps for us while we do not read (500 in a new interface). Each of
// them may be a super-packet. A stack that runs on the device does not take note of the change.
func (i *Interface) SetTxQueueLen(packets int) error {
	err := i.do("set the queue length of", func() error { return i.nl.SetTxQueueLen(i.index, packets) })
	if err == nil {
		i.queueLen.Store(int32(packets))
	}
	return err
}

// AddAddr gives the kernel's end of the link an address, such as 10.7.0.1/24. It is no error if it has it already.
func (i *Interface) AddAddr(p netip.Prefix) error {
	err := i.do("add the address "+p.String()+" to", func() error { return i.nl.AddAddr(i.index, p) })
	if err == nil && p.Addr().Is6() {
		i.mu.Lock()
		i.addrs = append(i.addrs, p.Addr())
		i.mu.Unlock()
		i.settle()
	}
	return err
}

// settleLimit is how long settle waits at most. It takes the kernel about a millisecond.
const settleLimit = time.Second

// settle waits until the IPv6 addresses that were added can be used, if the interface is up: the kernel sees to that in
// the background, and until then drops packets to them.
func (i *Interface) settle() {
	i.mu.Lock()
	addrs := i.addrs
	i.mu.Unlock()
	l, err := i.nl.LinkByIndex(i.index)
	if err != nil || !l.Up || !l.Carrier {
		return
	}
	deadline := time.Now().Add(settleLimit)
	for _, a := range addrs {
		for !i.nl.IsLocal(a) && time.Now().Before(deadline) {
			time.Sleep(time.Millisecond / 4)
		}
	}
}

// AddRoute sends the kernel's packets for r.Dst into the device. It replaces a route to the same destination.
func (i *Interface) AddRoute(r Route) error {
	return i.do("add a route to "+r.Dst.String()+" through", func() error { return i.nl.AddRoute(i.index, r) })
}

// Delete removes the interface, persistent or not, with its addresses and routes. Whoever has it open finds it closed.
func (i *Interface) Delete() error {
	return i.do("delete", func() error { return i.nl.DeleteLink(i.index) })
}

// Close releases what Lookup holds. The interface stays.
func (i *Interface) Close() error {
	if i.nl == nil {
		return nil
	}
	return i.nl.Close()
}

func (i *Interface) do(op string, fn func() error) error {
	if i.nl == nil {
		return fmt.Errorf("tun: cannot %s %s: it was taken over from elsewhere, do it there or look it up", op, i.name)
	}
	return explain(op, i.name, fn())
}

// SetPersist says whether the interface stays when the last of its queues is closed. If it was created for several queues, only
// programs that know of these can open it later, and only our user's: see Config.Queues and Config.Persist.
func (d *Device) SetPersist(on bool) error {
	v := 0
	if on {
		v = 1
	}
	return d.control("make persistent", unix.TUNSETPERSIST, v)
}

// SetOwner lets a user without privilege open the interface while nobody else has it open; it should be persistent.
func (d *Device) SetOwner(uid int) error { return d.control("set the owner of", unix.TUNSETOWNER, uid) }

// SetGroup does the same for the members of a group.
func (d *Device) SetGroup(gid int) error { return d.control("set the group of", unix.TUNSETGROUP, gid) }

func (d *Device) control(op string, req uint, v int) error {
	err := d.fds[0].Control(func(fd int) error { return unix.IoctlSetInt(fd, req, v) })
	return explain(op, d.name, err)
}
