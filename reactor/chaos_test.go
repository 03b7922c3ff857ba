package reactor

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"testing"
	"time"
)

// TestChaos lets callbacks of many connections do whatever callbacks may, to their own connection and to others: read,
// write, pause, close, abort, panic, dial, set timeouts, close and reopen the listener. Whatever they do, a connection that
// was begun ends with exactly one OnClose, nothing is called after it, and no descriptor stays open.
func TestChaos(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0") // now the runtime has its own descriptors
	must(t, err)
	ln.Close()
	eachBackend(t, func(t *testing.T, c Config) {
		for seed := range uint64(4) {
			before := openFiles(t)
			w := &chaos{t: t, rnd: rand.New(rand.NewPCG(seed, 0)), name: fmt.Sprintf("seed %d", seed), address: "127.0.0.1:0"}
			c.OnPanic = func(v any) {
				if v != errChaos {
					panic(v)
				}
				w.panics++
			}
			l, err := New(c)
			must(t, err)
			w.loop = l
			w.listen()
			for range 20 {
				w.dial()
			}
			for range 80 {
				must(t, l.Turn(time.Millisecond))
			}
			must(t, l.Close())
			if w.begun < 100 || w.panics == 0 || w.begun != w.ended || len(w.live) != 0 {
				t.Errorf("%s: %d connections begun, %d ended, %d live, %d panics", w.name, w.begun, w.ended, len(w.live), w.panics)
			}
			if after := openFiles(t); after != before {
				t.Errorf("%s: %d files open before, %d after", w.name, before, after)
			}
		}
	})
}

var errChaos = errors.New("chaos")

type chaos struct {
	t       *testing.T
	rnd     *rand.Rand
	name    string
	loop    *Loop
	ln      *Listener
	address string
	live    []*chaosConn

	begun, ended, panics int
}

type chaosConn struct {
	w      *chaos
	conn   Conn
	opened bool
	closed bool
}

func openFiles(t *testing.T) int {
	list, err := os.ReadDir("/proc/self/fd")
	must(t, err)
	return len(list)
}

func (w *chaos) listen() {
	ln, err := w.loop.Listen("tcp", w.address, func(c Conn) Handler {
		if w.rnd.IntN(20) == 0 {
			return nil
		}
		return w.begin(c)
	})
	must(w.t, err)
	w.ln, w.address = ln, ln.Addr().String()
}

func (w *chaos) begin(c Conn) *chaosConn {
	x := &chaosConn{w: w, conn: c}
	w.begun++
	w.live = append(w.live, x)
	return x
}

func (w *chaos) dial() {
	if len(w.live) > 60 {
		return
	}
	x := w.begin(nil)
	s, err := w.loop.Dial("tcp", w.address, x)
	if err != nil {
		x.OnClose(nil, err) // the loop or the listener is closed
		return
	}
	x.conn = s
}

// act does something at random to a connection, which may be closed.
func (w *chaos) act(x *chaosConn) {
	c, r := x.conn, w.rnd
	if c == nil {
		return
	}
	switch r.IntN(16) {
	case 0:
		_ = c.Close()
	case 1:
		_ = c.Abort()
	case 2:
		_ = c.CloseWrite()
	case 3:
		c.PauseRead()
	case 4:
		c.SetIdleTimeout(time.Duration(r.IntN(3)) * time.Millisecond)
	case 5:
		c.SetDeadline(time.Now().Add(time.Duration(r.IntN(5)) * time.Millisecond))
	case 6:
		_, _ = c.Writev([][]byte{make([]byte, r.IntN(1000)), nil, make([]byte, r.IntN(100_000))})
	case 7:
		must(w.t, w.loop.Post(func() { c.ResumeRead() }))
	case 8, 9:
		w.dial()
	case 10:
		if r.IntN(4) == 0 {
			_ = w.ln.Close()
			w.listen()
		}
	case 11:
		if r.IntN(4) == 0 {
			panic(errChaos)
		}
	default:
		_, _ = c.Write(make([]byte, r.IntN(3000)))
		c.ResumeRead()
	}
}

// called checks that a callback may be made, and acts.
func (x *chaosConn) called(what string) {
	if x.closed || !x.opened {
		x.w.t.Errorf("%s: %s on a connection that is open: %t, closed: %t", x.w.name, what, x.opened, x.closed)
	}
	for range 2 {
		x.w.act(x)
		x.w.act(x.w.live[x.w.rnd.IntN(len(x.w.live))])
	}
}

func (x *chaosConn) OnConnect(c Conn) {
	if x.opened {
		x.w.t.Errorf("%s: OnConnect twice", x.w.name)
	}
	x.opened, x.conn = true, c
	x.called("OnConnect")
}

func (x *chaosConn) OnReadable(c Conn) {
	_, err := c.Read(c.Loop().Scratch())
	if err != nil && !errors.Is(err, ErrWouldBlock) {
		_ = c.Close() // it may be closed
	}
	x.called("OnReadable")
}

func (x *chaosConn) OnWritable(Conn) { x.called("OnWritable") }

func (x *chaosConn) OnClose(c Conn, err error) {
	w := x.w
	if x.closed {
		w.t.Errorf("%s: OnClose twice", w.name)
	}
	x.closed = true
	w.ended++
	for i, y := range w.live {
		if y == x {
			w.live[i] = w.live[len(w.live)-1]
			w.live = w.live[:len(w.live)-1]
			break
		}
	}
	if c == nil || errors.Is(err, ErrClosed) {
		return
	}
	if _, err := c.Write([]byte{1}); !errors.Is(err, net.ErrClosed) {
		w.t.Errorf("%s: Write in OnClose: %v, want net.ErrClosed", w.name, err)
	}
	w.dial()
	if w.rnd.IntN(10) == 0 {
		panic(errChaos)
	}
}
