package workload

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/antedon-net/antedon/reactor"
)

// EchoLoadMain is what the program does that puts an echo server under load, with sockets of the kernel in one event loop. It
// writes a Result; the connections stay open until its input ends.
func EchoLoadMain(ctx context.Context, in io.Reader, out io.Writer) error {
	requests, answers := json.NewDecoder(in), json.NewEncoder(out)
	var t EchoTask
	if err := requests.Decode(&t); err != nil {
		return fmt.Errorf("workload: no task: %w", err)
	}
	loop, err := reactor.New(reactor.Config{})
	if err != nil {
		return err
	}
	defer loop.Close()
	l := &echoLoad{task: &t, loop: loop}
	if err := l.run(ctx); err != nil {
		return err
	}
	if err := answers.Encode(l.result); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, in)
	return err
}

// echoLoad is connections that take turns at making requests, so many at a time.
type echoLoad struct {
	task    *EchoTask
	loop    *reactor.Loop
	conns   []reactor.Conn
	dialled int
	turn    int // whose turn it is
	request [RequestBytes]byte
	bytes   int // of answers that are not counted yet

	used     int // connections that have had an answer before the time that counts
	count    uint64
	first    reading // where the time that counts begins
	counting bool
	over     bool
	result   *Result
	err      error
}

// connectLimit is how long the connections may take to be made and used once.
const connectLimit = 30 * time.Second

// run opens the connections, uses each of them, and then measures.
func (l *echoLoad) run(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { _ = l.loop.Post(func() { l.fail(context.Cause(ctx)) }) })
	defer stop()
	limit := l.loop.AfterFunc(connectLimit, func() {
		l.fail(fmt.Errorf("workload: %d of %d connections within %v", len(l.conns), l.task.Conns, connectLimit))
	})
	for range min(l.task.Active, l.task.Conns) {
		l.dial()
	}
	for l.used < l.task.Conns && l.err == nil {
		if err := l.loop.Turn(-1); err != nil {
			return err
		}
	}
	limit.Stop()
	l.loop.AfterFunc(warmUp, l.begin)
	for l.result == nil && l.err == nil {
		if err := l.loop.Turn(-1); err != nil {
			return err
		}
	}
	return l.err
}

func (l *echoLoad) fail(err error) {
	if l.err == nil && !l.over {
		l.err = err
	}
}

func (l *echoLoad) begin() {
	l.first, l.err = read(l.task.PID)
	l.counting = true
	l.loop.AfterFunc(l.task.Time, l.end)
}

func (l *echoLoad) end() {
	last, err := read(l.task.PID)
	switch {
	case err != nil:
		l.err = err
	case l.count == 0: // nothing has come of it yet on a very busy machine
		l.loop.AfterFunc(l.task.Time, l.end)
	default:
		r := last.since(l.first)
		r.Count = l.count
		l.result, l.over = &r, true
	}
}

func (l *echoLoad) dial() {
	if l.dialled < l.task.Conns && l.err == nil {
		l.dialled++
		_, err := l.loop.Dial(l.task.network(), l.task.Server.String(), l)
		l.failIf(err)
	}
}

func (l *echoLoad) failIf(err error) {
	if err != nil {
		l.fail(err)
	}
}

// next makes a request on the connection whose turn it is.
func (l *echoLoad) next() {
	l.turn = (l.turn + 1) % len(l.conns)
	_, err := l.conns[l.turn].Write(l.request[:])
	l.failIf(err)
}

// OnConnect makes a first request, for the server to have accepted the connection and used its memory.
func (l *echoLoad) OnConnect(c reactor.Conn) {
	l.conns = append(l.conns, c)
	_, err := c.Write(l.request[:])
	l.failIf(err)
}

// OnReadable takes an answer and makes another request, here or elsewhere.
func (l *echoLoad) OnReadable(c reactor.Conn) {
	n, err := c.Read(l.loop.Scratch())
	if errors.Is(err, reactor.ErrWouldBlock) {
		return
	}
	if err != nil {
		l.fail(fmt.Errorf("workload: no answer: %w", err))
		c.PauseRead()
		return
	}
	for l.bytes += n; l.bytes >= RequestBytes; l.bytes -= RequestBytes {
		l.answered()
	}
}

func (l *echoLoad) answered() {
	switch {
	case l.used < l.task.Conns:
		l.used++
		l.dial()
		if l.used == l.task.Conns {
			for range min(l.task.Active, l.task.Conns) {
				l.next()
			}
		}
	case !l.over && l.err == nil:
		if l.counting {
			l.count++
		}
		l.next()
	}
}

// OnWritable has nothing to do: a request has room.
func (l *echoLoad) OnWritable(reactor.Conn) {}

// OnClose fails the load, unless that is over.
func (l *echoLoad) OnClose(_ reactor.Conn, err error) { l.failIf(err) }
