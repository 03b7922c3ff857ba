package driver

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/lab/exp4"
	"github.com/antedon-net/antedon/wire"
)

// A rawSocket carries the TCP segments of one IP version. The kernel adds and takes away the IP header.
type rawSocket struct {
	fd  int
	v6  bool
	buf []byte
	oob []byte
}

// rawBuffer is room for what comes while we are busy.
const rawBuffer = 8 << 20

// openRaw opens a raw socket that is woken by segments to ports of the pool only.
func openRaw(v6 bool, ports portRange) (*rawSocket, error) {
	family := unix.AF_INET
	if v6 {
		family = unix.AF_INET6
	}
	fd, err := unix.Socket(family, unix.SOCK_RAW|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, unix.IPPROTO_TCP)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	s := &rawSocket{fd: fd, v6: v6, buf: make([]byte, 1<<16), oob: make([]byte, 256)}
	if err := s.configure(ports); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("prepare a raw socket: %w", err)
	}
	return s, nil
}

func (s *rawSocket) configure(ports portRange) error {
	filter, err := bpf.Assemble(portFilter(s.v6, ports))
	if err != nil {
		return err
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: (*unix.SockFilter)(unsafe.Pointer(&filter[0]))}
	set := func(level, name, value int) {
		if err == nil {
			err = unix.SetsockoptInt(s.fd, level, name, value)
		}
	}
	err = unix.SetsockoptSockFprog(s.fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &program)
	set(unix.SOL_SOCKET, unix.SO_MARK, markOurs)
	set(unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, rawBuffer)
	if errors.Is(err, unix.EPERM) { // within a user namespace
		err = nil
		set(unix.SOL_SOCKET, unix.SO_RCVBUF, rawBuffer)
	}
	if s.v6 {
		set(unix.IPPROTO_IPV6, unix.IPV6_RECVPKTINFO, 1)
		return err
	}
	// Segments longer than the path takes are cut into fragments: an SDK may know nothing of MTUs.
	set(unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_DONT)
	return err
}

// portFilter accepts segments to ports of the pool. IPv4 raw sockets see the IP header, those of IPv6 do not.
func portFilter(v6 bool, ports portRange) []bpf.Instruction {
	load := []bpf.Instruction{bpf.LoadMemShift{Off: 0}, bpf.LoadIndirect{Off: 2, Size: 2}}
	if v6 {
		load = []bpf.Instruction{bpf.LoadAbsolute{Off: 2, Size: 2}}
	}
	return append(load,
		bpf.JumpIf{Cond: bpf.JumpLessThan, Val: uint32(ports.first), SkipTrue: 2},
		bpf.JumpIf{Cond: bpf.JumpGreaterThan, Val: uint32(ports.last), SkipTrue: 1},
		bpf.RetConstant{Val: 1 << 18},
		bpf.RetConstant{Val: 0},
	)
}

// receive returns the next segment, with our end as Src; ok is false if there is none. The segment lies in the socket's
// buffer.
func (s *rawSocket) receive() (name exp4.Conn, segment []byte, ok bool) {
	for {
		n, oobn, _, from, err := unix.Recvmsg(s.fd, s.buf, s.oob, unix.MSG_DONTWAIT)
		if err != nil {
			return exp4.Conn{}, nil, false
		}
		var src, dst netip.Addr
		segment := s.buf[:n]
		if s.v6 {
			sa, isV6 := from.(*unix.SockaddrInet6)
			if !isV6 {
				continue
			}
			src, dst = netip.AddrFrom16(sa.Addr), packetInfo(s.oob[:oobn])
		} else {
			h, payload, err := wire.ParseIPv4(segment)
			if err != nil {
				continue
			}
			src, dst, segment = h.Src, h.Dst, payload
		}
		if len(segment) < 20 || !dst.IsValid() {
			continue
		}
		return exp4.Conn{
			Src: netip.AddrPortFrom(dst, binary.BigEndian.Uint16(segment[2:])),
			Dst: netip.AddrPortFrom(src, binary.BigEndian.Uint16(segment)),
		}, segment, true
	}
}

// packetInfo returns the address that an IPv6 packet was sent to.
func packetInfo(oob []byte) netip.Addr {
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return netip.Addr{}
	}
	for _, m := range messages {
		if m.Header.Level == unix.IPPROTO_IPV6 && m.Header.Type == unix.IPV6_PKTINFO && len(m.Data) >= unix.SizeofInet6Pktinfo {
			return netip.AddrFrom16([16]byte(m.Data[:16]))
		}
	}
	return netip.Addr{}
}

// send sends a segment. A full queue below loses it, as any queue on the path may.
func (s *rawSocket) send(name exp4.Conn, segment []byte) error {
	if s.v6 {
		oob := unix.PktInfo6(&unix.Inet6Pktinfo{Addr: name.Src.Addr().As16()})
		return unix.Sendmsg(s.fd, segment, oob, &unix.SockaddrInet6{Addr: name.Dst.Addr().As16()}, unix.MSG_DONTWAIT)
	}
	oob := unix.PktInfo4(&unix.Inet4Pktinfo{Spec_dst: name.Src.Addr().As4()})
	return unix.Sendmsg(s.fd, segment, oob, &unix.SockaddrInet4{Addr: name.Dst.Addr().As4()}, unix.MSG_DONTWAIT)
}

func (s *rawSocket) close() { unix.Close(s.fd) }

// complete makes sure that a segment has its checksum: it fills in one that the kernel has left to a device, and reports
// whether any other is right.
func complete(name exp4.Conn, segment []byte) bool {
	src, dst := name.Dst.Addr(), name.Src.Addr()
	if wire.TransportChecksumOK(wire.ProtoTCP, src, dst, segment) {
		return true
	}
	pseudo := wire.PseudoSum(wire.ProtoTCP, src, dst, len(segment))
	if binary.BigEndian.Uint16(segment[16:]) != pseudo {
		return false
	}
	segment[16], segment[17] = 0, 0
	binary.BigEndian.PutUint16(segment[16:], wire.TransportChecksum(pseudo, segment))
	return true
}
