package reactor

import (
	"fmt"
	"syscall"
)

// Desc is a descriptor that a loop watches.
type Desc struct {
	loop  *Loop
	on    watcher
	fd    int32
	gen   uint32 // of the last Register or Modify; events of others are stale
	want  Events
	again Events
	armed bool // the poller watches it
}

// watcher is told of readiness.
type watcher interface{ onReady(ready Events) }

type watcherFunc func(ready Events)

func (f watcherFunc) onReady(ready Events) { f(ready) }

// descs are the registrations of a loop, and what is ready of them.
type descs struct {
	byFD  []*Desc
	gen   uint32
	ready []event // of this turn
	next  int     // the first of them not yet delivered
	again []event // asked for with Again, for the next turn
	count int
}

// Register watches a descriptor and calls onReady, once in a turn at most, with what it is ready for of want. The
// descriptor stays the caller's: Remove it before closing it. It should not block. A number that is registered already is
// refused with EEXIST; want without Readable and Writable registers for a Modify to come.
func (l *Loop) Register(fd int, want Events, onReady func(ready Events)) (*Desc, error) {
	d := new(Desc)
	if err := l.register(d, fd, want, watcherFunc(onReady)); err != nil {
		return nil, err
	}
	return d, nil
}

func (l *Loop) register(d *Desc, fd int, want Events, on watcher) error {
	if l.closing.Load() {
		return ErrClosed
	}
	if err := l.config.Backend.checkEvents(want); err != nil {
		return err
	}
	if fd < 0 {
		return fmt.Errorf("reactor: descriptor %d: %w", fd, syscall.EBADF)
	}
	for fd >= len(l.descs.byFD) {
		l.descs.byFD = append(l.descs.byFD, nil)
	}
	if l.descs.byFD[fd] != nil {
		return fmt.Errorf("reactor: descriptor %d is registered already: %w", fd, syscall.EEXIST)
	}
	*d = Desc{loop: l, on: on, fd: int32(fd), gen: l.descs.nextGen(), want: want}
	if want&readiness != 0 {
		if err := l.poller.add(fd, want, d.gen); err != nil {
			return err
		}
		d.armed = true
	}
	l.descs.byFD[fd] = d
	l.descs.count++
	return nil
}

func (s *descs) nextGen() uint32 {
	s.gen++
	return s.gen
}

// FD returns the descriptor.
func (d *Desc) FD() int { return int(d.fd) }

// Modify replaces what the descriptor is watched for, and arms it again if OneShot has fired. Readiness that the loop knows
// of but has not called back for is forgotten: what lasts is found again in the next turn.
func (d *Desc) Modify(want Events) error {
	l := d.loop
	if !d.isRegistered() {
		return errRemoved
	}
	if err := l.config.Backend.checkEvents(want); err != nil {
		return err
	}
	gen := l.descs.nextGen()
	if err := d.rearm(want, gen); err != nil {
		return err
	}
	d.want, d.gen, d.again = want, gen, 0
	d.armed = want&readiness != 0
	return nil
}

var errRemoved = fmt.Errorf("reactor: the descriptor is not registered any more: %w", syscall.ENOENT)

// rearm: with nothing to watch for, a descriptor leaves the poller, which would tell of hang-ups all the same. The kernel
// does not let exclusive watches be changed, only replaced.
func (d *Desc) rearm(want Events, gen uint32) error {
	p, fd := d.loop.poller, int(d.fd)
	switch {
	case want&readiness == 0 && !d.armed:
		return nil
	case d.armed && (want&readiness == 0 || (want|d.want)&Exclusive != 0):
		d.armed = false
		if err := p.remove(fd); err != nil || want&readiness == 0 {
			return err
		}
		return p.add(fd, want, gen)
	case !d.armed:
		return p.add(fd, want, gen)
	}
	return p.modify(fd, want, gen)
}

// Remove ends the watch: there is no callback after it, not even for readiness that the loop knows of already. It may be
// called by any callback, that of the descriptor included, and a second time, to no effect.
func (d *Desc) Remove() error {
	if !d.isRegistered() {
		return nil
	}
	l := d.loop
	l.descs.byFD[d.fd] = nil
	l.descs.count--
	if !d.armed {
		return nil
	}
	d.armed = false
	return l.poller.remove(int(d.fd))
}

func (d *Desc) isRegistered() bool {
	return d.loop != nil && int(d.fd) < len(d.loop.descs.byFD) && d.loop.descs.byFD[d.fd] == d
}

// Again has the callback called in the next turn with ready, whether the kernel says so or not. Whoever is told of an edge
// and stops before ErrWouldBlock, so that others get their turn, goes on this way.
func (d *Desc) Again(ready Events) {
	ready &= d.want & readiness
	if ready == 0 || !d.isRegistered() {
		return
	}
	if d.again == 0 {
		d.loop.descs.again = append(d.loop.descs.again, event{fd: d.fd, gen: d.gen})
	}
	d.again |= ready
}

// failed is what becomes of a descriptor whose callback panicked.
func (d *Desc) failed() {
	if f, ok := d.on.(culprit); ok {
		f.failed()
		return
	}
	_ = d.Remove() // it is out of the table whatever the kernel says
}

func (s *descs) hasReady() bool { return s.next < len(s.ready) }
func (s *descs) hasAgain() bool { return len(s.again) > 0 }

// arrived takes what a wait has brought, and what callbacks asked for.
func (s *descs) arrived(ready []event) {
	s.ready, s.next = append(ready, s.again...), 0
	s.again = s.again[:0]
}

// runReady calls back for what is ready.
func (l *Loop) runReady() {
	s := &l.descs
	for s.next < len(s.ready) && !l.closing.Load() {
		e := s.ready[s.next]
		s.next++
		d := s.byFD[e.fd]
		if d == nil || d.gen != e.gen {
			continue // removed, modified, or another file by now
		}
		ready := (e.ready | d.again) & d.want & readiness
		d.again = 0
		if ready == 0 {
			continue
		}
		if d.want&OneShot != 0 {
			l.poller.spend(int(d.fd))
		}
		l.culprit = d
		d.on.onReady(ready)
	}
}
