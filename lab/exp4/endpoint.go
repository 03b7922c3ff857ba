package exp4

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Where the sockets are, by the protocol in the directory DefaultDir.
const (
	DefaultDir   = "/tmp"
	DriverSocket = "network-exp4-driver.socket"
	SDKSocket    = "network-exp4-sdk.socket"
)

// retryPause is how long an SDK waits while the driver serves another one.
const retryPause = 500 * time.Millisecond

// An Endpoint is an SDK's end, or that of a driver that serves one SDK.
type Endpoint struct {
	conn *net.UnixConn
	path string // of our own socket
	peer string
	in   []byte
	read Parser

	mu  sync.Mutex
	out []byte
}

// Dial returns the end of an SDK in dir, by default DefaultDir, connected to a driver that runs already. As long as that
// serves another SDK it tries again.
func Dial(ctx context.Context, dir string) (*Endpoint, error) {
	e, err := bind(dir, SDKSocket, DriverSocket)
	if err != nil {
		return nil, err
	}
	for {
		err := e.Connect()
		if err == nil {
			return e, nil
		}
		if !errors.Is(err, unix.EPERM) {
			e.Close()
			return nil, err
		}
		select {
		case <-time.After(retryPause):
		case <-ctx.Done():
			e.Close()
			return nil, context.Cause(ctx)
		}
	}
}

// Listen returns the end of a driver in dir, by default DefaultDir. Everybody may connect to it; the first message to
// expect is a hello, upon which the driver has to Connect.
func Listen(dir string) (*Endpoint, error) {
	e, err := bind(dir, DriverSocket, SDKSocket)
	if err != nil {
		return nil, err
	}
	if err := letAll(e.path); err != nil {
		e.Close()
		return nil, err
	}
	return e, nil
}

// bind makes the socket called name in place of an old one.
func bind(dir, name, peer string) (*Endpoint, error) {
	if dir == "" {
		dir = DefaultDir
	}
	e := &Endpoint{path: filepath.Join(dir, name), peer: filepath.Join(dir, peer), in: make([]byte, MaxDatagram)}
	if err := removeOld(e.path); err != nil {
		return nil, err
	}
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Net: "unixgram", Name: e.path})
	if err != nil {
		return nil, err
	}
	e.conn = conn
	return e, nil
}

// Connect connects to the other end's socket as it is now. A driver's follows no link: see Reach.
func (e *Endpoint) Connect() error {
	return e.control(func(fd int) error {
		if dir, name := filepath.Split(e.peer); name == SDKSocket {
			return Reach(fd, dir)
		}
		return connect(fd, e.peer)
	})
}

// Disconnect lets go of the other end, so that another one can connect.
func (e *Endpoint) Disconnect() error { return e.control(LetGo) }

func (e *Endpoint) control(fn func(fd int) error) error {
	raw, err := e.conn.SyscallConn()
	if err != nil {
		return err
	}
	if cerr := raw.Control(func(fd uintptr) { err = fn(int(fd)) }); cerr != nil {
		return cerr
	}
	return err
}

// Send sends a message, and waits while the other end's queue is full.
func (e *Endpoint) Send(m *Message) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	b, err := Append(e.out[:0], m)
	if err != nil {
		return err
	}
	e.out = b
	_, err = e.conn.Write(b)
	return err
}

// Receive waits for the next message. Its Bytes stay what they are until the next call. An error that is a BadDatagram
// is no reason not to go on.
func (e *Endpoint) Receive() (Message, error) {
	n, err := e.conn.Read(e.in)
	if err != nil {
		return Message{}, err
	}
	m, err := e.read.Parse(e.in[:n])
	if err != nil {
		return Message{}, BadDatagram{n, err}
	}
	return m, nil
}

// A BadDatagram is one that the other end should not have sent.
type BadDatagram struct {
	Size int
	Err  error
}

func (e BadDatagram) Error() string { return fmt.Sprintf("a datagram of %d bytes: %v", e.Size, e.Err) }

func (e BadDatagram) Unwrap() error { return e.Err }

// SetReadDeadline bounds Receive.
func (e *Endpoint) SetReadDeadline(t time.Time) error { return e.conn.SetReadDeadline(t) }

// Close closes the socket and removes its name.
func (e *Endpoint) Close() error { return e.conn.Close() }
