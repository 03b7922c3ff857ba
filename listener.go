package antedon

import (
	"net"
	"time"

	"github.com/antedon-net/antedon/internal/runner"
)

// Listener is a net.Listener on a Stack. Its connections are *Conn.
type Listener struct {
	l       *runner.Listener
	network string
}

var _ net.Listener = (*Listener)(nil)

func (l *Listener) fail(op string, err error) error {
	if err == nil {
		return nil
	}
	return &net.OpError{Op: op, Net: l.network, Addr: l.Addr(), Err: err}
}

// Accept waits for the next connection.
func (l *Listener) Accept() (net.Conn, error) {
	c, err := l.AcceptTCP()
	if err != nil {
		return nil, err
	}
	return c, nil
}

// AcceptTCP is Accept with the concrete type.
func (l *Listener) AcceptTCP() (*Conn, error) {
	c, err := l.l.Accept()
	if err != nil {
		return nil, l.fail("accept", err)
	}
	return newConn(l.network, c), nil
}

// Close stops listening. Connections that were not accepted are reset; those that were live on.
func (l *Listener) Close() error { return l.fail("close", l.l.Close()) }

// Addr returns the listener's address, a *net.TCPAddr.
func (l *Listener) Addr() net.Addr { return tcpAddr(l.l.Addr()) }

// SetDeadline sets the deadline of Accept; the zero time means none.
func (l *Listener) SetDeadline(t time.Time) error { return l.fail("set", l.l.SetDeadline(t)) }
