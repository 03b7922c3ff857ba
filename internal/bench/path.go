package bench

import (
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/impair"
)

// Path joins senders on its left with one receiver on its right: what the senders send shares one line, and what the
// receiver sends another one.
type Path struct {
	left  []leftEnd
	right port
	bell  *bell
	spin  time.Duration

	forward, back *impair.Line
	observer      *Observer
	queue         queueMeter
	late          Lateness
	tap           *tap // nil if nobody asks

	start   time.Time
	buf     []byte
	poll    []unix.PollFd
	stopped atomic.Bool
	running sync.WaitGroup
}

// leftEnd is a sender's port, and the address that leads there.
type leftEnd struct {
	port
	addr netip.Addr
}

// backSeed tells the two directions apart, that have the same plan.
const backSeed = 0x94d049bb133111eb

// newPath returns a path that is not open yet. Both directions have the same plan, with chance of their own. Before a packet
// is due the path waits for spin in a loop: the more, the more punctual, and the busier the processor.
func newPath(plan impair.Plan, spin time.Duration) (*Path, error) {
	b, err := newBell()
	if err != nil {
		return nil, err
	}
	back := plan
	back.Seed ^= backSeed
	return &Path{
		bell: b, spin: spin, forward: impair.NewLine(plan), back: impair.NewLine(back),
		observer: NewObserver(), buf: make([]byte, link.ReadRoom), start: time.Now(),
	}, nil
}

// open starts to carry packets. The path owns its ports from now on.
func (p *Path) open() {
	p.poll = append(p.poll, unix.PollFd{Fd: int32(p.bell.fd), Events: unix.POLLIN})
	for _, q := range append([]port{p.right}, p.ports()...) {
		if fd := q.descriptor(); fd >= 0 {
			p.poll = append(p.poll, unix.PollFd{Fd: int32(fd), Events: unix.POLLIN})
		}
	}
	p.running.Go(p.run)
}

// ports returns the ports on the left.
func (p *Path) ports() []port {
	ports := make([]port, len(p.left))
	for i := range p.left {
		ports[i] = p.left[i].port
	}
	return ports
}

// stop ends the path and closes its ports. Only then may its counters be read. A path that is not open is just closed. The
// error is the capture's.
func (p *Path) stop() error {
	if p.stopped.Swap(true) {
		return nil
	}
	p.bell.ring()
	p.running.Wait()
	for _, q := range append(p.ports(), p.right) {
		if q != nil {
			q.close()
		}
	}
	p.bell.close()
	if p.tap != nil {
		return p.tap.w.Close()
	}
	return nil
}

func (p *Path) now() mono.Time { return mono.Time(time.Since(p.start)) + 1 }

// run carries packets until the path is stopped.
func (p *Path) run() {
	runtime.LockOSThread() // for good: the thread ends with its goroutine
	// A thread's timers may be late by its slack, 50 µs unless it says otherwise.
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0)
	for !p.stopped.Load() {
		moved := p.collect()
		p.deliver()
		if !moved {
			p.rest()
		}
	}
}

// maxTurn is how many packets of an end are taken before others have their turn.
const maxTurn = 32

// collect puts what the ends have sent on the lines, and reports whether there was anything.
func (p *Path) collect() (moved bool) {
	for i := range p.left {
		for range maxTurn {
			n := p.left[i].read(p.buf)
			if n == 0 {
				break
			}
			moved = true
			p.send(p.buf[:n])
		}
	}
	for range maxTurn {
		n := p.right.read(p.buf)
		if n == 0 {
			break
		}
		moved = true
		p.back.Send(p.now(), p.buf[:n])
	}
	return moved
}

// send puts a packet of a sender's on its line.
func (p *Path) send(packet []byte) {
	now, before := p.now(), p.forward.Stats()
	copies := p.forward.Send(now, packet)
	p.queue.observe(now, p.forward.Backlog(now))
	p.observer.Observe(packet, copies == 0)
	if p.tap != nil {
		p.tap.sent(now, packet, before, p.forward.Stats())
	}
}

// deliver hands over what is due.
func (p *Path) deliver() {
	p.drain(p.forward, func(packet []byte) { p.right.write(packet) })
	p.drain(p.back, func(packet []byte) {
		if q := p.toward(packet); q != nil {
			if p.tap != nil {
				p.tap.received(p.now(), packet)
			}
			q.write(packet)
		}
	})
}

func (p *Path) drain(l *impair.Line, write func([]byte)) {
	for {
		due, now := l.Deadline(), p.now()
		n := l.Next(now, p.buf)
		if n == 0 {
			return
		}
		p.late.add(now.Sub(due))
		write(p.buf[:n])
	}
}

// toward returns the sender that an IPv4 packet is for, or nil.
func (p *Path) toward(packet []byte) port {
	if len(packet) < 20 {
		return nil
	}
	dst := netip.AddrFrom4([4]byte(packet[16:20]))
	for i := range p.left {
		if p.left[i].addr == dst {
			return p.left[i].port
		}
	}
	return nil
}

// rest waits until a packet is due or one comes, unless that is so soon that it is better to look again.
func (p *Path) rest() {
	due := mono.Earliest(p.forward.Deadline(), p.back.Deadline())
	wait := time.Hour
	if due != mono.Never {
		wait = due.Sub(p.now()) - p.spin
	}
	if wait <= 0 {
		return
	}
	p.bell.listening.Store(true)
	if !p.stopped.Load() && !p.collect() { // what came before the bell was listened to did not ring it
		timeout := unix.NsecToTimespec(int64(wait))
		_, _ = unix.Ppoll(p.poll, &timeout, nil)
	}
	p.bell.listening.Store(false)
	if p.poll[0].Revents != 0 {
		p.bell.still()
	}
}
