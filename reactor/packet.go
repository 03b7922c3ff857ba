package reactor

import (
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Packet is a datagram socket of the kernel in a loop: UDP, or a unix datagram socket. Nothing here blocks. An error of one
// datagram, ECONNREFUSED for instance, leaves the socket open.
type Packet struct {
	// OnReadable is called once in every turn in which there is a datagram or an error to read.
	OnReadable func(p *Packet)

	// OnWritable is called when there is room after a write that said ErrWouldBlock; it may be nil.
	OnWritable func(p *Packet)

	desc    Desc
	network string
	family  int
	peer    string // the unix name that sent last: it is likely to be the next one too
	unlink  string
	full    bool
	closed  bool
}

// ListenPacket opens a datagram socket of "udp", "udp4", "udp6" or "unixgram" at an address.
func (l *Loop) ListenPacket(network, address string, onReadable func(p *Packet)) (*Packet, error) {
	a, err := parsePacketAddr(network, address)
	var raw rawSocket
	if err == nil {
		raw, err = openSocket(network, a)
	}
	if err == nil {
		if err = raw.bind(a); err != nil {
			unix.Close(raw.fd)
		}
	}
	p := &Packet{network: network, family: raw.family, OnReadable: onReadable}
	if err == nil && raw.family == unix.AF_UNIX && a.Name[0] != '@' {
		p.unlink = a.Name
	}
	return p.start(l, raw, "listen", a, err)
}

// DialPacket opens a datagram socket that is connected: Write sends to the address, and only what comes from there is read.
// local is where it is bound, which unix sockets need to be answered; it may be empty.
func (l *Loop) DialPacket(network, local, address string, onReadable func(p *Packet)) (*Packet, error) {
	a, err := parsePacketAddr(network, address)
	var raw rawSocket
	if err == nil {
		a = a.toLoopback()
		raw, err = openConnected(network, local, a)
	}
	p := &Packet{network: network, family: raw.family, OnReadable: onReadable}
	if err == nil && raw.family == unix.AF_UNIX && local != "" && local[0] != '@' {
		p.unlink = local
	}
	return p.start(l, raw, "dial", a, err)
}

func parsePacketAddr(network, address string) (Addr, error) {
	if network != "" && network[0] == 't' || network == "unix" {
		return Addr{}, net.UnknownNetworkError(network)
	}
	return ParseAddr(network, address)
}

func (p *Packet) start(l *Loop, raw rawSocket, op string, a Addr, err error) (*Packet, error) {
	if err == nil {
		if err = l.register(&p.desc, raw.fd, Readable, p); err != nil {
			unix.Close(raw.fd)
		}
	}
	if err != nil {
		return nil, &net.OpError{Op: op, Net: p.network, Addr: a.netAddr(p.network), Err: err}
	}
	return p, nil
}

// FD returns the descriptor, for options that this package does not name. It stays the socket's.
func (p *Packet) FD() int { return p.desc.FD() }

// Loop returns the loop that the socket belongs to.
func (p *Packet) Loop() *Loop { return p.desc.loop }

// LocalAddr returns the address of the socket, the zero one after Close.
func (p *Packet) LocalAddr() Addr {
	if p.closed {
		return Addr{}
	}
	a, _ := localOf(p.FD())
	return a
}

// ReadFrom reads one datagram, or as much of it as b holds, and returns who sent it; ErrWouldBlock if there is none.
func (p *Packet) ReadFrom(b []byte) (int, Addr, error) {
	if p.closed {
		return 0, Addr{}, p.opError("read", net.ErrClosed)
	}
	var raw unix.RawSockaddrAny
	size := uint32(unix.SizeofSockaddrAny)
	n, errno := receiveFrom(p.FD(), b, &raw, &size)
	if errno != 0 {
		return 0, Addr{}, p.failure("read", "recvfrom", errno)
	}
	from := addrFrom(&raw, size, p.peer)
	p.peer = from.Name
	return n, from, nil
}

// Read is ReadFrom without the sender.
func (p *Packet) Read(b []byte) (int, error) {
	n, _, err := p.ReadFrom(b)
	return n, err
}

// WriteTo sends one datagram. If there is no room it is not sent, the error is ErrWouldBlock, and OnWritable follows.
func (p *Packet) WriteTo(b []byte, to Addr) (int, error) {
	if p.closed {
		return 0, p.opError("write", net.ErrClosed)
	}
	var raw unix.RawSockaddrAny
	size, err := to.put(&raw, p.family)
	if err != nil {
		return 0, p.opError("write", err)
	}
	n, errno := sendTo(p.FD(), b, &raw, size)
	return n, p.wrote(errno)
}

// Write sends one datagram to whom the socket is connected to.
func (p *Packet) Write(b []byte) (int, error) {
	if p.closed {
		return 0, p.opError("write", net.ErrClosed)
	}
	n, errno := write(p.FD(), b)
	return n, p.wrote(errno)
}

func (p *Packet) wrote(errno syscall.Errno) error {
	if errno == 0 {
		return nil
	}
	err := p.failure("write", "sendto", errno)
	if errno == unix.EAGAIN && !p.full {
		p.full = true
		if err := p.desc.Modify(Readable | Writable); err != nil {
			return p.opError("write", err)
		}
	}
	return err
}

func (p *Packet) failure(op, call string, errno syscall.Errno) error {
	if errno == unix.EAGAIN {
		return ErrWouldBlock
	}
	return p.opError(op, os.NewSyscallError(call, errno))
}

func (p *Packet) opError(op string, err error) error {
	return &net.OpError{Op: op, Net: p.network, Err: err}
}

// Close closes the socket. There is no callback after it.
func (p *Packet) Close() error {
	if p.closed {
		return p.opError("close", net.ErrClosed)
	}
	p.closed = true
	_ = p.desc.Remove() // closing does it too
	if p.unlink != "" {
		_ = os.Remove(p.unlink) // it may be gone
	}
	unix.Close(p.FD())
	return nil
}

func (p *Packet) loopClosed() { p.Close() }
func (p *Packet) failed()     { p.loopClosed() }

// onReady calls back. OnWritable is due once for each write that found no room.
func (p *Packet) onReady(ready Events) {
	if ready&Writable != 0 && p.full {
		p.full = false
		if err := p.desc.Modify(Readable); err != nil {
			p.full = true // it is called again
			return
		}
		if p.OnWritable != nil {
			p.OnWritable(p)
		}
	}
	if ready&Readable != 0 && !p.closed && p.OnReadable != nil {
		p.OnReadable(p)
	}
}
