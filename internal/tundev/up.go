package tundev

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/internal/netlab"
	"github.com/antedon-net/antedon/link/tun"
)

// queueLen is the transmit queue of the device, in packets: what the kernel sends waits there while nobody reads.
const queueLen = 10000

// Up makes the device of the plan. If it fails, everything is as it was.
func (b Book) Up(p Plan) (*Record, error) {
	if p.MTU == 0 {
		p.MTU = defaultMTU
	}
	s, err := b.open(true)
	if err != nil {
		return nil, err
	}
	defer s.close()
	if err := s.clearStale(p.Name); err != nil {
		return nil, err
	}
	if err := p.check(); err != nil {
		return nil, err
	}
	guard, err := netlab.NewGuard()
	if err != nil {
		return nil, err
	}
	w := &work{Record: Record{Plan: p, Namespace: s.namespace}, guard: guard}
	err = w.do(s)
	if err == nil {
		err = guard.Release()
	}
	if err != nil {
		return nil, errors.Join(err, guard.Close())
	}
	return &w.Record, nil
}

// clearStale undoes what is on record for a device that is gone. It is an error if the device is still there.
func (s *shelf) clearStale(name string) error {
	r, err := s.read(name)
	if err != nil || r == nil {
		return err
	}
	if d, err := Lookup(name); err == nil && d.Index == r.Index {
		return fmt.Errorf("%s is up already: run \"antedon tun down %s\" first", name, name)
	}
	return s.undo(r)
}

// work is a device in the making. Each step is with the guard before it is done.
type work struct {
	Record
	guard *netlab.Guard
}

// before registers how to undo what is done next.
func (w *work) before(u netlab.Undo) error {
	w.Undo = append(w.Undo, u)
	return w.guard.Add(u)
}

func (w *work) do(s *shelf) error {
	if err := w.guard.Add(netlab.RemoveFile(s.path(w.Name))); err != nil {
		return err
	}
	if err := w.makeDevice(); err != nil {
		return err
	}
	if err := w.configure(); err != nil {
		return err
	}
	if w.NAT != "" {
		if err := w.startForwarding(); err != nil {
			return err
		}
		if err := w.masquerade(); err != nil {
			return err
		}
	}
	return s.write(&w.Record)
}

// makeDevice makes the persistent device and gives it to the user.
func (w *work) makeDevice() error {
	if err := w.guard.Add(netlab.DeleteLink(w.Name, 0)); err != nil {
		return err
	}
	dev, err := tun.Open(tun.Config{Name: w.Name, Persist: true, MTU: w.MTU})
	if err != nil {
		return err
	}
	defer dev.Close()
	w.Index = dev.Index()
	w.Undo = append(w.Undo, netlab.DeleteLink(w.Name, w.Index)) // spares a later device of that name
	if err := dev.SetOwner(w.User); err != nil {
		return err
	}
	return dev.SetTxQueueLen(queueLen)
}

// configure gives the device its addresses and routes. They go with it.
func (w *work) configure() error {
	l, err := netlink.LinkByIndex(w.Index)
	if err != nil {
		return err
	}
	if err := netlink.LinkSetAlias(l, formatAlias(w.Ours)); err != nil {
		return fmt.Errorf("describe %s: %w", w.Name, err)
	}
	for _, p := range w.Kernel {
		a := &netlink.Addr{IPNet: ipNet(p)}
		if p.Addr().Is6() {
			a.Flags = unix.IFA_F_NODAD // nobody else is on the link
		}
		if err := netlink.AddrAdd(l, a); err != nil {
			return fmt.Errorf("give %s the address %v: %w", w.Name, p, err)
		}
	}
	if err := netlink.LinkSetUp(l); err != nil {
		return fmt.Errorf("bring up %s: %w", w.Name, err)
	}
	if err := w.tuneOnLink(); err != nil {
		return err
	}
	for _, p := range append(Beyond(w.Kernel, w.Ours, netip.Addr{}), w.Routes...) {
		r := w.route(p.Masked())
		if err := netlink.RouteAdd(r); err != nil {
			return fmt.Errorf("route %v to %s: %w", p, w.Name, err)
		}
	}
	return nil
}

// tuneOnLink puts the least retransmission timeout on the routes that came with the addresses.
func (w *work) tuneOnLink() error {
	if w.RTOMin == 0 {
		return nil
	}
	for _, p := range w.Kernel {
		if p.IsSingleIP() {
			continue
		}
		r := w.route(p.Masked())
		r.Protocol = unix.RTPROT_KERNEL
		if p.Addr().Is4() {
			r.Src = p.Addr().AsSlice()
		} else {
			r.Priority = 256 // IP6_RT_PRIO_ADDRCONF
		}
		if err := netlink.RouteReplace(r); err != nil {
			return fmt.Errorf("set rto_min on the route to %v: %w", p.Masked(), err)
		}
	}
	return nil
}

// route is a route for dst to the device.
func (w *work) route(dst netip.Prefix) *netlink.Route {
	r := &netlink.Route{LinkIndex: w.Index, Dst: ipNet(dst)}
	if dst.Addr().Is4() {
		r.Scope = netlink.SCOPE_LINK
	}
	if w.RTOMin > 0 {
		// A least timeout that is not locked has no effect on the kernel's TCP.
		r.RtoMin, r.RtoMinLock = int(max(1, w.RTOMin.Milliseconds())), true
	}
	return r
}
