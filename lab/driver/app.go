package driver

import (
	"bytes"
	"errors"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/lab/exp4"
	"github.com/antedon-net/antedon/lab/table"
	"github.com/antedon-net/antedon/reactor"
)

// An app is the driver's end of a captured connection: connection 1 of two.
//
// Its descriptor is watched for edges, so that a failure is learnt of while nothing may be read.
type app struct {
	d    *Driver
	id   table.App
	sdk  table.SDK
	name exp4.Conn
	fd   int
	desc *reactor.Desc
	dial *dial // to the listener of a call, until that is reached

	mayRead bool         // the table allows it
	unread  bool         // there may be something to read
	ended   bool         // the application's stream has ended
	shut    bool         // ours towards it has
	backlog bytes.Buffer // what the application has not taken
	ending  ending
}

// ending is what follows the backlog.
type ending uint8

const (
	endNot ending = iota
	endStream
	endAll
)

func (a *app) watch() {
	desc, err := a.d.loop.Register(a.fd, reactor.Readable|reactor.Writable|reactor.Edge, a.onReady)
	if err != nil {
		a.fail()
		return
	}
	a.desc = desc
}

// onDialled is told what became of dialling the listener. What the SDK has said meanwhile waits.
func (a *app) onDialled(fd int, err error) {
	a.dial = nil
	if err != nil {
		a.fail() // refused: the SDK resets the caller
	} else {
		a.fd, a.mayRead = fd, true
		a.watch()
		a.flush()
	}
	a.d.drain()
}

// onReady is told of a change of the socket.
func (a *app) onReady(ready reactor.Events) {
	if ready&reactor.Readable != 0 {
		a.unread = true
		if a.hasFailed() {
			a.fail()
			a.d.drain()
			return
		}
	}
	if ready&reactor.Writable != 0 {
		a.flush()
	}
	a.read()
	a.d.drain()
}

// hasFailed reports whether the connection is reset, which no read is going to tell, without disturbing what is there to
// read.
func (a *app) hasFailed() bool {
	willRead := a.mayRead && !a.ended && !a.d.programs[a.sdk].isBlocked()
	if willRead || a.shut { // with both streams ended in order the socket looks the same
		return false
	}
	info, err := unix.GetsockoptTCPInfo(a.fd, unix.SOL_TCP, unix.TCP_INFO)
	return err != nil || info.State == tcpClose
}

// tcpClose is TCP_CLOSE, the state of a socket whose connection is gone.
const tcpClose = 7

// do does what the table says is to be done with the application.
func (a *app) do(action *table.Action) {
	switch action.Kind {
	case table.Read:
		a.mayRead = true
		a.desc.Again(reactor.Readable) // not now: this may be in the midst of other actions
	case table.Pause:
		a.mayRead = false
	case table.Write:
		a.write(action.Bytes)
	case table.Shutdown:
		a.ending = max(a.ending, endStream)
		a.flush()
	case table.Close:
		a.ending = endAll
		a.flush()
	case table.Reset:
		a.reset()
	}
}

// readsAtOnce bounds what one application may read in a turn of the loop, in reads of readPieces.
const (
	readsAtOnce = 2
	readPieces  = 32
)

// read passes on what the application has written, while its SDK takes it.
func (a *app) read() {
	for i := 0; a.unread && a.mayRead && !a.ended && a.fd >= 0 && a.ending != endAll && !a.d.programs[a.sdk].isBlocked(); i++ {
		if i == readsAtOnce {
			a.desc.Again(reactor.Readable)
			return
		}
		buf := a.d.loop.Scratch()
		n, err := unix.Read(a.fd, buf[:min(len(buf), readPieces*a.d.cfg.Table.Piece)])
		switch {
		case n > 0:
			a.d.table.AppBytes(a.d.now(), a.id, buf[:n])
		case err == nil:
			a.ended = true
			a.d.table.AppFIN(a.d.now(), a.id)
		case errors.Is(err, unix.EAGAIN):
			a.unread = false
		case !errors.Is(err, unix.EINTR):
			a.fail()
			return
		}
		a.d.drain()
	}
}

// write hands the application bytes, and keeps those it has no room for.
func (a *app) write(b []byte) {
	if a.backlog.Len() == 0 && a.dial == nil {
		n, err := writeSome(a.fd, b)
		if err != nil {
			a.fail()
			return
		}
		b = b[n:]
	}
	if len(b) > 0 {
		a.backlog.Write(b)
		a.d.table.AppWaiting(a.d.now(), a.id, a.backlog.Len())
	}
}

// writeSome writes what there is room for.
func writeSome(fd int, b []byte) (int, error) {
	for {
		n, err := unix.SendmsgN(fd, b, nil, nil, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
		switch {
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.EAGAIN):
			return 0, nil
		default:
			return max(n, 0), err
		}
	}
}

// flush goes on with what waits, and with what follows it.
func (a *app) flush() {
	if a.dial != nil {
		return
	}
	if a.backlog.Len() > 0 {
		n, err := writeSome(a.fd, a.backlog.Bytes())
		if err != nil {
			a.fail()
			return
		}
		a.backlog.Next(n)
		a.d.table.AppWaiting(a.d.now(), a.id, a.backlog.Len())
		if a.backlog.Len() > 0 {
			return
		}
		a.backlog = bytes.Buffer{} // an idle connection keeps no memory
	}
	switch a.ending {
	case endStream:
		a.ending, a.shut = endNot, true
		_ = unix.Shutdown(a.fd, unix.SHUT_WR)
	case endAll:
		a.close()
	}
}

// fail tells the table that the application's connection is gone.
func (a *app) fail() {
	a.close()
	a.d.table.AppReset(a.d.now(), a.id)
}

// reset closes the connection with a RST.
func (a *app) reset() {
	a.end(unix.Linger{Onoff: 1})
}

// close closes the connection in order, what was written first.
func (a *app) close() { a.end(unix.Linger{}) }

func (a *app) end(how unix.Linger) {
	delete(a.d.apps, a.id)
	if a.dial != nil {
		a.dial.cancel()
		a.dial = nil
	}
	if a.fd < 0 {
		return
	}
	if a.desc != nil {
		_ = a.desc.Remove()
	}
	_ = unix.SetsockoptLinger(a.fd, unix.SOL_SOCKET, unix.SO_LINGER, &how)
	unix.Close(a.fd)
	a.fd, a.backlog = -1, bytes.Buffer{}
}
