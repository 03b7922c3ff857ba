package driver

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/internal/netlab"
	"github.com/antedon-net/antedon/lab/exp4"
	"github.com/antedon-net/antedon/lab/table"
	"github.com/antedon-net/antedon/reactor"
)

// A program is the driver's end towards one SDK.
//
// What is said to it is gathered and sent in batches, before the loop waits at the latest. What an SDK does not take waits. As
// long as anything does its applications are not read, so the queue is no longer than what connections have to say besides
// data, and a few segments.
type program struct {
	d    *Driver
	id   table.SDK
	dir  string
	name netlab.Undo // removes the name of our socket, and nothing that has come in its place
	fd   int
	desc *reactor.Desc
	in   *batch
	out  *batch
	read exp4.Parser

	queue    outbox[bool] // whether it is a segment
	segments int          // of the queue
	full     bool         // the SDK did not take all of it
	blocked  time.Time    // since when
	told     bool         // that it does not read
	waiting  bool         // for the descriptor to be writable
	rubbish  bool         // something came that was no hello, and was reported
}

// maxSegments is how many segments wait for an SDK; further ones are dropped, as by any queue on a path.
const maxSegments = 64

func (d *Driver) openPrograms() error {
	for i, dir := range d.cfg.Dirs {
		fd, err := exp4.OpenDriver(dir)
		if err != nil {
			return err
		}
		p := &program{d: d, id: table.SDK(i), dir: dir, fd: fd, in: newReceiveBatch(receivesAtOnce, exp4.MaxDatagram), out: newBatch(batchSize)}
		d.programs = append(d.programs, p)
		path, err := filepath.Abs(filepath.Join(dir, exp4.DriverSocket))
		if err != nil {
			return err
		}
		if p.name, err = netlab.RemoveThis(path); err != nil {
			return err
		}
		if p.desc, err = d.loop.Register(fd, reactor.Readable, p.onReady); err != nil {
			return err
		}
	}
	return nil
}

// guardSockets has the guard remove the names of our sockets.
func (d *Driver) guardSockets() error {
	for _, p := range d.programs {
		if err := d.host.guard.Add(p.name); err != nil {
			return err
		}
	}
	return nil
}

// isBlocked reports whether the applications have to wait.
func (p *program) isBlocked() bool { return p.full }

// receivesAtOnce bounds how many messages of a socket are taken in a turn of the loop: an SDK that floods does not keep others
// from their turn.
const receivesAtOnce = 32

func (p *program) onReady(ready reactor.Events) {
	if ready&reactor.Writable != 0 {
		p.flush()
	}
	if ready&reactor.Readable == 0 {
		return
	}
	n, err := p.in.receive(p.fd)
	if err != nil {
		return // that is nothing, or what the other end's death leaves behind; sending tells of it too
	}
	for i := range n {
		p.receive(p.in.received(i))
		p.d.drain()
	}
}

// receive takes one datagram.
func (p *program) receive(b []byte) {
	m, err := p.read.Parse(b)
	switch {
	case err != nil:
		p.d.counters.BadDatagrams++
		p.complain("a datagram of %d bytes: %v", len(b), err)
	case m.Flags == exp4.Greet && !m.Tick:
		p.onHello(&m)
	default:
		p.d.table.FromSDK(p.d.now(), p.id, &m)
	}
}

// complain reports a mistake, of a program that has said hello or of some other.
func (p *program) complain(format string, args ...any) {
	if p.d.table.Has(p.id) {
		p.d.table.Mistake(p.id, format, args...)
	} else if !p.rubbish {
		p.rubbish = true
		p.d.cfg.Log(fmt.Sprintf("SDK %d: before its hello: ", p.id+1) + fmt.Sprintf(format, args...))
	}
}

// known are the extensions of the protocol that this driver speaks.
var known = []string{exp4.Incoming}

func (p *program) onHello(m *exp4.Message) {
	if !m.IsHello() {
		p.d.counters.BadDatagrams++
		p.complain("a hello with other bytes than network_exp4")
		return
	}
	p.clear()
	if err := exp4.Reach(p.fd, p.dir); err != nil {
		p.d.cfg.Log(fmt.Sprintf("SDK %d said hello, but cannot be reached: %v", p.id+1, err))
		p.d.table.Detach(p.d.now(), p.id, "it cannot be reached any more")
		return
	}
	p.rubbish = false
	p.d.table.Attach(p.d.now(), p.id, exp4.Common(m.Extensions, known))
	p.d.drain()
	p.flush() // the answer comes before anything else, a tick too
}

// send sends a message, by the next flush at the latest. Only segments are ever dropped.
func (p *program) send(m *exp4.Message) {
	if !p.d.table.Has(p.id) {
		return
	}
	isSegment := m.Flags == exp4.Segment
	if isSegment && p.full && p.segments >= maxSegments {
		p.d.counters.DroppedForSDK++
		return
	}
	b, err := exp4.Append(p.queue.text, m)
	if err != nil {
		p.d.counters.DroppedForSDK++ // a segment longer than a datagram may be
		return
	}
	p.queue.text = b
	p.queue.add(isSegment)
	if isSegment {
		p.segments++
	}
	if !p.full && p.queue.waiting() >= batchSize {
		p.flush()
	}
}

// flush sends what is queued, as far as the SDK takes it. When that is all, its applications may be read.
func (p *program) flush() {
	for p.queue.waiting() > 0 {
		sent, err := p.sendBatch()
		if sent > 0 && p.full {
			p.onProgress()
		}
		if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.ENOBUFS) {
			p.onFull()
			return
		}
		if err != nil {
			p.lose(err)
			return
		}
	}
	if !p.full {
		return
	}
	p.clear()
	for _, a := range p.d.apps {
		if a.sdk == p.id && a.unread && a.desc != nil {
			a.desc.Again(reactor.Readable)
		}
	}
}

// sendBatch sends the first messages of the queue, and takes out those that were.
func (p *program) sendBatch() (int, error) {
	n := min(p.queue.waiting(), batchSize)
	for i := range n {
		_, b := p.queue.at(i)
		p.out.set(i, b)
	}
	sent, err := p.out.send(p.fd, n)
	for i := range sent {
		if isSegment, _ := p.queue.at(i); isSegment {
			p.segments--
		}
	}
	p.queue.done(sent)
	return sent, err
}

// onFull has the applications wait until the SDK has read.
func (p *program) onFull() {
	if !p.full {
		p.full, p.blocked = true, time.Now()
		p.wait(true)
	}
}

// onProgress notes that it reads.
func (p *program) onProgress() {
	p.blocked = time.Now()
	if p.told {
		p.told = false
		p.d.cfg.Log(fmt.Sprintf("SDK %d reads again", p.id+1))
	}
}

// wait has the loop tell when the SDK takes more.
func (p *program) wait(on bool) {
	if p.waiting == on || p.desc == nil {
		return
	}
	want := reactor.Readable
	if on {
		want |= reactor.Writable
	}
	if p.desc.Modify(want) == nil {
		p.waiting = on
	}
}

// clear forgets the queue.
func (p *program) clear() {
	p.queue.done(p.queue.waiting())
	p.segments, p.full, p.told = 0, false, false
	p.wait(false)
}

// lose notes that the SDK is gone, so that another may come.
func (p *program) lose(err error) {
	p.clear()
	_ = exp4.LetGo(p.fd)
	why := "its socket is closed"
	if !errors.Is(err, unix.ECONNREFUSED) && !errors.Is(err, unix.ENOTCONN) && !errors.Is(err, unix.ECONNRESET) {
		why = err.Error()
	}
	p.d.table.Detach(p.d.now(), p.id, why)
	p.d.drain()
}

// tick tells the SDK that time has passed. It need not hear of every 100 ms.
func (p *program) tick() {
	if !p.d.table.Has(p.id) {
		return
	}
	_, err := unix.SendmsgN(p.fd, []byte{0}, nil, nil, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
	switch {
	case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.ENOBUFS), errors.Is(err, unix.EINTR):
		if p.isBlocked() && !p.told && time.Since(p.blocked) >= p.d.cfg.Stall {
			p.told = true
			p.d.counters.Stalls++
			p.d.cfg.Log(fmt.Sprintf("SDK %d has not read for %v: its applications wait", p.id+1, p.d.cfg.Stall))
		}
	case err != nil:
		p.lose(err)
	}
}

func (p *program) close() {
	if p.desc != nil {
		_ = p.desc.Remove()
	}
	unix.Close(p.fd)
	_ = netlab.UndoAll([]netlab.Undo{p.name})
}
