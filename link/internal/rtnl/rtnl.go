// Package rtnl speaks the few rtnetlink messages with which a device sets up the kernel's side of its link: the
// interface's state, addresses and routes.
//
// A Conn works in the network namespace of the thread that opened it, whichever thread uses it later. Errors wrap the
// kernel's errno and, if it gave one, its own explanation.
//
// Concurrency: all methods may be called from any goroutine.
//
// Conformance: RFC 3549 as rtnetlink(7) has it.
package rtnl

import (
	"encoding/binary"
	"fmt"
	"sync"

	"golang.org/x/sys/unix"
)

var ne = binary.NativeEndian

// Conn is a netlink socket.
type Conn struct {
	mu  sync.Mutex
	fd  int
	seq uint32
	buf [32 << 10]byte
}

// Open opens a netlink socket in the calling thread's network namespace.
func Open() (*Conn, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("open a netlink socket: %w", err)
	}
	// Both only make for better messages.
	_ = unix.SetsockoptInt(fd, unix.SOL_NETLINK, unix.NETLINK_EXT_ACK, 1)
	_ = unix.SetsockoptInt(fd, unix.SOL_NETLINK, unix.NETLINK_CAP_ACK, 1)
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("open a netlink socket: %w", err)
	}
	return &Conn{fd: fd}, nil
}

// Close closes the socket.
func (c *Conn) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fd < 0 {
		return nil
	}
	fd := c.fd
	c.fd = -1
	return unix.Close(fd)
}

// do sends m, waits for its acknowledgment, and gives every message that comes before that to reply.
func (c *Conn) do(m *message, reply func(typ uint16, body []byte)) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seq++
	b := m.finish(c.seq)
	if err := unix.Sendto(c.fd, b, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return err
	}
	for {
		n, _, err := unix.Recvfrom(c.fd, c.buf[:], 0)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return err
		}
		if done, err := c.receive(c.buf[:n], reply); done {
			return err
		}
	}
}

// receive goes through the messages of one datagram and reports whether the acknowledgment was among them.
func (c *Conn) receive(b []byte, reply func(typ uint16, body []byte)) (done bool, err error) {
	for len(b) >= unix.NLMSG_HDRLEN {
		n := int(ne.Uint32(b))
		if n < unix.NLMSG_HDRLEN || n > len(b) {
			return true, unix.EBADMSG
		}
		typ, flags, seq := ne.Uint16(b[4:]), ne.Uint16(b[6:]), ne.Uint32(b[8:])
		body := b[unix.NLMSG_HDRLEN:n]
		b = b[min(align(n), len(b)):]
		switch {
		case seq != c.seq: // left over from an exchange that failed
		case typ == unix.NLMSG_ERROR:
			return true, parseAck(flags, body)
		case reply != nil:
			reply(typ, body)
		}
	}
	return false, nil
}

// parseAck returns the error in an acknowledgment, which is nil if there was none.
func parseAck(flags uint16, body []byte) error {
	if len(body) < 4+unix.NLMSG_HDRLEN {
		return unix.EBADMSG
	}
	errno := -int32(ne.Uint32(body))
	if errno == 0 {
		return nil
	}
	err := error(unix.Errno(errno))
	if flags&unix.NLM_F_ACK_TLVS == 0 {
		return err
	}
	rest := body[4+unix.NLMSG_HDRLEN:]
	if flags&unix.NLM_F_CAPPED == 0 {
		rest = body[min(4+align(int(ne.Uint32(body[4:]))), len(body)):]
	}
	eachAttr(rest, func(typ uint16, v []byte) {
		if typ == unix.NLMSGERR_ATTR_MSG {
			err = fmt.Errorf("%s: %w", cString(v), unix.Errno(errno))
		}
	})
	return err
}
