package reactor

import (
	"net"
	"time"
)

// Conn is a stream connection in a loop, on the kernel's TCP or unix sockets (Socket), or on another stack that calls back
// from the same loop. Nothing here blocks. All of it belongs to the loop's goroutine.
//
// A connection ends with Close, with Abort, or with an error other than ErrWouldBlock and io.EOF from Read, Write or
// Writev, after which it is closed already. However it ends, OnClose is called for it once, later in the turn, never from
// within one of these methods, and nothing after it. Methods of a closed connection return a net.ErrClosed.
type Conn interface {
	// Read reads what has arrived: ErrWouldBlock if nothing has, io.EOF at the end of the stream, which ends only this
	// direction.
	Read(p []byte) (int, error)

	// Write sends what there is room for. If that is not all of p, the error is ErrWouldBlock, and OnWritable is called
	// once there is room again. p is the caller's when Write returns.
	Write(p []byte) (int, error)

	// Writev is Write for what lies in pieces. It leaves bufs as they are.
	Writev(bufs [][]byte) (int, error)

	// CloseWrite ends the stream to the peer, after what was written.
	CloseWrite() error

	// Close ends the connection. What was written is still delivered. OnClose gets nil.
	Close() error

	// Abort ends the connection and drops what was not delivered; a TCP peer is sent a RST. OnClose gets nil.
	Abort() error

	// PauseRead withholds OnReadable until ResumeRead: how a slow receiver holds up a fast sender. While reading is
	// paused and nothing is being written, nothing is learnt of the peer either, not even a reset.
	PauseRead()
	ResumeRead()

	// SetDeadline ends the connection at an instant, with os.ErrDeadlineExceeded for OnClose; the zero time means none.
	SetDeadline(t time.Time)

	// SetIdleTimeout does so when nothing was read or written for d; 0 means none.
	SetIdleTimeout(d time.Duration)

	// SetHandler replaces whom the connection calls back.
	SetHandler(h Handler)

	LocalAddr() net.Addr
	RemoteAddr() net.Addr
	Loop() *Loop
}

// Handler is what a connection calls back, on the loop's goroutine. A handler for each connection keeps its state; one
// for all of them tells them apart by c.
type Handler interface {
	// OnConnect is called first, once the connection is established, dialled or accepted. If it never is, only OnClose is
	// called.
	OnConnect(c Conn)

	// OnReadable is called once in every turn in which there is something to read: data, the end of the stream or an
	// error. A handler that does not read has to PauseRead, or it is called for ever.
	OnReadable(c Conn)

	// OnWritable is called when there is room after a write that said ErrWouldBlock.
	OnWritable(c Conn)

	// OnClose is called last: err is nil if the connection was closed or aborted here, ErrClosed if the loop was, and
	// otherwise what went wrong.
	OnClose(c Conn, err error)
}

// Funcs is a Handler of functions, of which any may be nil. A connection with nobody to read it is paused.
type Funcs struct {
	Connect  func(c Conn)
	Readable func(c Conn)
	Writable func(c Conn)
	Close    func(c Conn, err error)
}

// OnConnect calls Connect.
func (f *Funcs) OnConnect(c Conn) {
	if f.Connect != nil {
		f.Connect(c)
	}
}

// OnReadable calls Readable.
func (f *Funcs) OnReadable(c Conn) {
	if f.Readable == nil {
		c.PauseRead()
		return
	}
	f.Readable(c)
}

// OnWritable calls Writable.
func (f *Funcs) OnWritable(c Conn) {
	if f.Writable != nil {
		f.Writable(c)
	}
}

// OnClose calls Close.
func (f *Funcs) OnClose(c Conn, err error) {
	if f.Close != nil {
		f.Close(c, err)
	}
}
