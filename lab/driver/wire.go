package driver

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/lab/exp4"
	"github.com/antedon-net/antedon/lab/table"
	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/capture"
	"github.com/antedon-net/antedon/link/impair"
	"github.com/antedon-net/antedon/reactor"
)

// wireEnd is the path to the remote ends, connection 2: raw sockets, with impairment and a capture before them.
type wireEnd struct {
	d     *Driver
	v4    *rawSocket
	v6    *rawSocket // nil without IPv6
	descs []*reactor.Desc

	lanes   *lanes       // nil without Config.Offload
	out, in *impair.Line // nil for an unimpaired path
	timer   *reactor.Timer
	frame   []byte // of the device
	iface   int    // of the capture

	lined []byte             // for put
	names map[exp4.Conn]bool // whose segments are on the impaired paths, or were
}

func openWire(d *Driver) (*wireEnd, error) {
	w := &wireEnd{d: d, frame: make([]byte, 0, link.MaxPacket), names: make(map[exp4.Conn]bool)}
	var err error
	if w.v4, err = openRaw(false, d.cfg.ports(), d.cfg.hiddenPorts()); err != nil {
		return nil, err
	}
	w.v6, err = openRaw(true, d.cfg.ports(), d.cfg.hiddenPorts())
	if err != nil && !errors.Is(err, unix.EAFNOSUPPORT) {
		w.close()
		return nil, err
	}
	if d.cfg.Offload {
		if w.lanes, err = openLanes(); err != nil {
			w.close()
			return nil, err
		}
	}
	for _, s := range []*rawSocket{w.v4, w.v6} {
		if s == nil {
			continue
		}
		s.lanes = w.lanes
		desc, err := d.loop.Register(s.fd, reactor.Readable, func(reactor.Events) { w.onReadable(s) })
		if err != nil {
			w.close()
			return nil, err
		}
		w.descs = append(w.descs, desc)
	}
	if d.cfg.Impair != nil {
		w.out, w.in = impair.NewLine(*d.cfg.Impair), impair.NewLine(reversed(*d.cfg.Impair))
		w.timer = d.loop.AfterFunc(time.Hour, w.onTime)
	}
	if d.cfg.Capture != nil {
		w.iface = d.cfg.Capture.AddInterface("connection 2")
	}
	return w, nil
}

// reversed gives the other direction chances of its own.
func reversed(p impair.Plan) impair.Plan {
	p.Seed ^= 1 << 63
	return p
}

func (w *wireEnd) onReadable(s *rawSocket) {
	for i := range s.receive() {
		name, segment, ok := s.received(i)
		if !ok {
			continue
		}
		whole := complete(name, segment)
		w.d.cfg.unhide(&name, segment)
		if !w.d.cfg.Table.HasPort(name.Src.Port()) && !w.d.cfg.isCalled(name.Src.Port()) {
			continue // that came before the filter was in place
		}
		if !whole {
			w.d.counters.BadChecksums++
			w.note(name, segment, capture.Inbound, "dropped: wrong checksum")
			continue
		}
		w.arrive(name, segment)
	}
}

// arrive takes a segment off the path.
func (w *wireEnd) arrive(name exp4.Conn, segment []byte) {
	if w.in == nil {
		w.deliver(name, segment)
		return
	}
	for piece := range pieces(name, segment, impairedSize) {
		w.put(w.in, turned(name), piece)
	}
}

// deliver hands a segment over.
func (w *wireEnd) deliver(name exp4.Conn, segment []byte) {
	if w.d.cfg.Capture != nil {
		w.note(name, segment, capture.Inbound, w.d.table.Owner(name)+"came in")
	}
	if w.d.builtin != nil {
		if !w.d.builtin.dev.put(name, segment) {
			w.d.counters.DroppedForSDK++
		}
		return
	}
	if w.d.cfg.isCalled(name.Src.Port()) && w.d.table.IsCall(name, segment) {
		w.d.call(name, segment)
		return
	}
	w.d.table.FromWire(w.d.now(), name, segment)
	w.d.drain()
}

// transmit sends a segment of an SDK, or of the driver itself, on its way.
func (w *wireEnd) transmit(sdk table.SDK, m *exp4.Message) {
	text := "the driver refuses what belongs to no connection"
	if sdk >= 0 && w.d.cfg.Capture != nil {
		text = fmt.Sprintf("SDK %d: tcp_tx", sdk+1)
	}
	w.launch(m.Conn, m.Bytes, text)
}

// launch puts a segment on the path.
func (w *wireEnd) launch(name exp4.Conn, segment []byte, comment string) {
	w.note(name, segment, capture.Outbound, comment)
	if w.out == nil {
		w.send(name, segment)
		return
	}
	w.put(w.out, name, segment)
}

// maxNames bounds how many names are remembered: callers choose theirs. What is under way when all are forgotten is lost.
const maxNames = 1 << 14

// put puts a segment on an impaired path.
func (w *wireEnd) put(line *impair.Line, name exp4.Conn, segment []byte) {
	if len(w.names) >= maxNames {
		clear(w.names)
	}
	w.names[name] = true
	w.lined = appendPacket(w.lined[:0], name, segment)
	if line.Send(w.d.now(), w.lined) == 0 {
		w.d.counters.Impaired++
	}
	w.schedule()
}

// schedule sets the timer for what arrives next. Nothing arrives at once: we may be in the midst of something else.
func (w *wireEnd) schedule() {
	if next := min(w.out.Deadline(), w.in.Deadline()); next != mono.Never {
		w.timer.Reset(max(next.Sub(w.d.now()), 0))
	}
}

// onTime takes what has arrived off the impaired paths, but for what corruption gave other addresses: it must not reach strangers,
// nor seem to come from one.
func (w *wireEnd) onTime() {
	buf := make([]byte, link.MaxPacket)
	for n := w.out.Next(w.d.now(), buf); n > 0; n = w.out.Next(w.d.now(), buf) {
		if name, segment, ok := parsePacket(buf[:n]); ok && w.names[name] {
			w.send(name, segment)
		}
	}
	for n := w.in.Next(w.d.now(), buf); n > 0; n = w.in.Next(w.d.now(), buf) {
		if name, segment, ok := parsePacket(buf[:n]); ok && w.names[name] {
			w.deliver(turned(name), segment)
		}
	}
	w.schedule()
}

func (w *wireEnd) send(name exp4.Conn, segment []byte) {
	s := w.v4
	if name.Dst.Addr().Is6() {
		s = w.v6
	}
	if s == nil {
		w.d.counters.NotSent++
		return
	}
	s.send(name, segment, &w.d.counters)
}

// flush sends the segments that wait for a batch to be full.
func (w *wireEnd) flush() {
	for _, s := range []*rawSocket{w.v4, w.v6} {
		if s != nil {
			s.flush(&w.d.counters)
		}
	}
}

// note writes a segment to the capture.
func (w *wireEnd) note(name exp4.Conn, segment []byte, dir capture.Direction, comment string) {
	if w.d.cfg.Capture == nil {
		return
	}
	if dir == capture.Inbound {
		name = turned(name)
	}
	p := link.Packet{Bytes: appendPacket(nil, name, segment)}
	_ = w.d.cfg.Capture.WritePacket(capture.Info{Interface: w.iface, Time: time.Now(), Direction: dir, Comment: comment}, &p)
}

func (w *wireEnd) close() {
	w.flush()
	for _, d := range w.descs {
		_ = d.Remove()
	}
	for _, s := range []*rawSocket{w.v4, w.v6} {
		if s != nil {
			s.close()
		}
	}
	if w.lanes != nil {
		w.lanes.close()
	}
}
