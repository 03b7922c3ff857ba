package lockstep

import (
	"errors"
	"net/netip"
	"time"
)

// endpoint is a TCP with the link to it, and its clock. It belongs to one goroutine.
type endpoint interface {
	// now returns the time since the endpoint was made.
	now() time.Duration
	// inject hands it a packet.
	inject(b []byte) error
	// settle returns the packets that it has sent since the last call, everything among them that it answers at once.
	settle() ([]packet, error)
	// wait lets time pass until it sends something, or limit is over.
	wait(limit time.Duration) ([]packet, error)
	// sleep lets d pass, and returns what is sent meanwhile.
	sleep(d time.Duration) ([]packet, error)

	// listen listens at local; accept takes the connection that was completed first, and connect begins one.
	listen(local netip.AddrPort, o options) error
	accept() (socket, error)
	connect(local, remote netip.AddrPort, o options) (socket, error)

	// close ends the endpoint and reports what it leaves behind.
	close() error
}

// packet is an IP packet that an endpoint has sent.
type packet struct {
	at     time.Duration
	prompt bool // it was sent at once
	bytes  []byte
}

// socket is an application's end of a connection. Nothing blocks: what cannot be done at once is an error.
type socket interface {
	write(b []byte) error // all of b
	read(b []byte) (int, error)
	readable() (int, error)
	shutdown() error
	close() error
	abort() error
	set(name string, value int) error
	state() (string, error)
}

// options are what a socket is to be given before its connection begins.
type options map[string]int

// noSocket stands for one before there is one.
type noSocket struct{}

var errNoSocket = errors.New("there is no connection yet")

func (noSocket) write([]byte) error       { return errNoSocket }
func (noSocket) read([]byte) (int, error) { return 0, errNoSocket }
func (noSocket) readable() (int, error)   { return 0, errNoSocket }
func (noSocket) shutdown() error          { return errNoSocket }
func (noSocket) close() error             { return errNoSocket }
func (noSocket) abort() error             { return errNoSocket }
func (noSocket) set(string, int) error    { return errNoSocket }
func (noSocket) state() (string, error)   { return "", errNoSocket }
