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
	fd      int
	v6      bool
	in, out *batch
	queue   outbox[exp4.Conn]
	lanes   *lanes // nil if everything is to pass the kernel's IP layer

	// Of each message, in both directions.
	names    [batchSize]unix.RawSockaddrInet6
	controls [batchSize]packetInfo
}

// packetInfo is a control message that has our address of a packet: an in_pktinfo or an in6_pktinfo.
type packetInfo struct {
	unix.Cmsghdr
	data [24]byte
}

// rawBuffer is room for what comes while we are busy.
const rawBuffer = 8 << 20

// openRaw opens a raw socket that is woken by segments to ports of the pool only, and by those to hidden ones that were
// rewritten to them.
func openRaw(v6 bool, ports, hidden portRange) (*rawSocket, error) {
	family := unix.AF_INET
	if v6 {
		family = unix.AF_INET6
	}
	fd, err := unix.Socket(family, unix.SOCK_RAW|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, unix.IPPROTO_TCP)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	s := &rawSocket{fd: fd, v6: v6, in: newReceiveBatch(receivesAtOnce, 1<<16), out: newBatch(batchSize)}
	if err := s.configure(ports, hidden); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("prepare a raw socket: %w", err)
	}
	return s, nil
}

func (s *rawSocket) configure(ports, hidden portRange) error {
	filter, err := bpf.Assemble(portFilter(s.v6, ports, hidden))
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

// portFilter accepts segments to ports of the pool, and to hidden ports those with the mark of a rule of ours. IPv4 raw
// sockets see the IP header, those of IPv6 do not.
func portFilter(v6 bool, ports, hidden portRange) []bpf.Instruction {
	load := []bpf.Instruction{bpf.LoadMemShift{Off: 0}, bpf.LoadIndirect{Off: 2, Size: 2}}
	if v6 {
		load = []bpf.Instruction{bpf.LoadAbsolute{Off: 2, Size: 2}}
	}
	return append(load,
		bpf.JumpIf{Cond: bpf.JumpLessThan, Val: uint32(ports.first), SkipTrue: 6},
		bpf.JumpIf{Cond: bpf.JumpLessOrEqual, Val: uint32(ports.last), SkipTrue: 4},
		bpf.JumpIf{Cond: bpf.JumpLessThan, Val: uint32(hidden.first), SkipTrue: 4},
		bpf.JumpIf{Cond: bpf.JumpGreaterThan, Val: uint32(hidden.last), SkipTrue: 3},
		bpf.LoadExtension{Num: bpf.ExtMark},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: markCaller, SkipTrue: 1},
		bpf.RetConstant{Val: 1 << 18},
		bpf.RetConstant{Val: 0},
	)
}

// receive returns how many packets have come; received looks at them.
func (s *rawSocket) receive() int {
	for i := range s.in.heads {
		h := &s.in.heads[i]
		if s.v6 {
			h.Name, h.Namelen = (*byte)(unsafe.Pointer(&s.names[i])), unix.SizeofSockaddrInet6
			h.Control = (*byte)(unsafe.Pointer(&s.controls[i]))
			h.SetControllen(int(unsafe.Sizeof(s.controls[i])))
		}
	}
	n, err := s.in.receive(s.fd)
	if err != nil {
		return 0
	}
	return n
}

// received returns the segment in a packet, with our end as Src; ok is false if there is none.
func (s *rawSocket) received(i int) (name exp4.Conn, segment []byte, ok bool) {
	var src, dst netip.Addr
	segment = s.in.received(i)
	if s.v6 {
		c := &s.controls[i]
		if c.Level != unix.IPPROTO_IPV6 || c.Type != unix.IPV6_PKTINFO {
			return exp4.Conn{}, nil, false
		}
		src, dst = netip.AddrFrom16(s.names[i].Addr), netip.AddrFrom16([16]byte(c.data[:16]))
	} else {
		h, payload, err := wire.ParseIPv4(segment)
		if err != nil {
			return exp4.Conn{}, nil, false
		}
		src, dst, segment = h.Src, h.Dst, payload
	}
	if len(segment) < 20 {
		return exp4.Conn{}, nil, false
	}
	return exp4.Conn{
		Src: netip.AddrPortFrom(dst, binary.BigEndian.Uint16(segment[2:])),
		Dst: netip.AddrPortFrom(src, binary.BigEndian.Uint16(segment)),
	}, segment, true
}

// send sends a segment, by the next flush at the latest.
func (s *rawSocket) send(name exp4.Conn, segment []byte, counters *Counters) {
	s.queue.text = append(s.queue.text, segment...)
	s.queue.add(name)
	if s.queue.waiting() >= batchSize {
		s.flush(counters)
	}
}

// flush sends what waits. A full queue below loses segments, as any queue on the path may.
func (s *rawSocket) flush(counters *Counters) {
	for s.queue.waiting() > 0 {
		n := s.single()
		if n == 0 {
			if sent := s.lanes.send(&s.queue); sent > 0 {
				s.queue.done(sent)
				counters.Joined += uint64(sent)
				continue
			}
			n = 1
		}
		for i := range n {
			s.address(i)
		}
		sent, err := s.out.send(s.fd, n)
		if err != nil {
			sent++
			counters.NotSent++
		}
		s.queue.done(sent)
	}
}

// single returns how many of the first segments, of a batch at most, are no run that a lane takes.
func (s *rawSocket) single() int {
	n := min(s.queue.waiting(), batchSize)
	for i := range n - 1 {
		aName, a := s.queue.at(i)
		bName, b := s.queue.at(i + 1)
		if s.lanes.leads(aName, bName, a, b) {
			return i
		}
	}
	return n
}

// address says whence and whither a message goes.
func (s *rawSocket) address(i int) {
	name, segment := s.queue.at(i)
	s.out.set(i, segment)
	h, c := &s.out.heads[i], &s.controls[i]
	h.Name, h.Control = (*byte)(unsafe.Pointer(&s.names[i])), (*byte)(unsafe.Pointer(c))
	if s.v6 {
		s.names[i] = unix.RawSockaddrInet6{Family: unix.AF_INET6, Addr: name.Dst.Addr().As16()}
		info := unix.Inet6Pktinfo{Addr: name.Src.Addr().As16()}
		*(*unix.Inet6Pktinfo)(unsafe.Pointer(&c.data)) = info
		h.Namelen, c.Level, c.Type = unix.SizeofSockaddrInet6, unix.IPPROTO_IPV6, unix.IPV6_PKTINFO
		h.SetControllen(unix.CmsgSpace(unix.SizeofInet6Pktinfo))
		c.SetLen(unix.CmsgLen(unix.SizeofInet6Pktinfo))
		return
	}
	*(*unix.RawSockaddrInet4)(unsafe.Pointer(&s.names[i])) = unix.RawSockaddrInet4{Family: unix.AF_INET, Addr: name.Dst.Addr().As4()}
	*(*unix.Inet4Pktinfo)(unsafe.Pointer(&c.data)) = unix.Inet4Pktinfo{Spec_dst: name.Src.Addr().As4()}
	h.Namelen, c.Level, c.Type = unix.SizeofSockaddrInet4, unix.IPPROTO_IP, unix.IP_PKTINFO
	h.SetControllen(unix.CmsgSpace(unix.SizeofInet4Pktinfo))
	c.SetLen(unix.CmsgLen(unix.SizeofInet4Pktinfo))
}

func (s *rawSocket) close() { unix.Close(s.fd) }

// complete makes sure that a segment has its checksum: it fills in one that the kernel has left to a device, and reports
// whether any other is right.
func complete(name exp4.Conn, segment []byte) bool {
	src, dst := name.Dst.Addr(), name.Src.Addr()
	pseudo := wire.PseudoSum(wire.ProtoTCP, src, dst, len(segment))
	if binary.BigEndian.Uint16(segment[16:]) != pseudo {
		return wire.TransportChecksumOK(wire.ProtoTCP, src, dst, segment)
	}
	segment[16], segment[17] = 0, 0
	binary.BigEndian.PutUint16(segment[16:], wire.TransportChecksum(pseudo, segment))
	return true
}
