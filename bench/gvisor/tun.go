package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"github.com/antedon-net/antedon/internal/contest"
	"github.com/antedon-net/antedon/internal/workload"
	"github.com/antedon-net/antedon/link"
)

const (
	// readSize is the largest buffer that gVisor pools: ten bytes more would be garbage after each packet.
	readSize = 64 << 10

	// copyBelow is the length of packets that are copied out of a buffer rather than keeping all of it.
	copyBelow = 8 << 10

	// vnetLen is the length of struct virtio_net_hdr.
	vnetLen = 10
)

// endpoint is a link endpoint on a TUN device. gVisor's own knows segmentation offload for packet sockets only.
type endpoint struct {
	base // with offload there is a virtio-net header before each packet
	file *os.File
	fd   int // of file
	raw  syscall.RawConn
}

// openTUN makes a device in the namespace that this process is in.
func openTUN(t *workload.Task) (*endpoint, error) {
	dev, err := contest.OpenTUN(t)
	if err != nil {
		return nil, err
	}
	e := &endpoint{base: base{mtu: uint32(dev.MTU()), offload: dev.Offload().Has(link.OffloadTSO)}}
	q, ok := dev.Queues()[0].(interface {
		Control(func(fd int) error) error
	})
	if !ok {
		return nil, fmt.Errorf("%s is no TUN device", dev.Name())
	}
	err = q.Control(func(fd int) error {
		own, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
		e.fd = own
		return err
	})
	if err := errors.Join(err, dev.Close()); err != nil {
		return nil, err
	}
	e.file = os.NewFile(uintptr(e.fd), dev.Name()) // which does not block, and so gets Go's poller
	e.raw, err = e.file.SyscallConn()
	return e, err
}

// readLoop hands packets up, one by one, until the device is gone.
func (e *endpoint) readLoop() {
	r := &reader{offload: e.offload}
	readv := r.readv
	view := buffer.NewViewSize(readSize)
	for {
		r.prepare(view.AsSlice())
		if e.raw.Read(readv) != nil || r.n < 0 {
			return
		}
		v := view
		if r.n < copyBelow {
			v = buffer.NewViewWithData(view.AsSlice()[:r.n])
		} else {
			v.CapLength(r.n)
			view = buffer.NewViewSize(readSize)
		}
		e.deliver(v)
	}
}

// reader is one readv, made anew for each packet without allocating.
type reader struct {
	offload bool
	vnet    [vnetLen]byte
	iov     [2]unix.Iovec
	n       int // length of the packet, negative after an error
}

func (r *reader) prepare(b []byte) {
	r.iov[0].Base = &r.vnet[0]
	r.iov[0].SetLen(vnetLen)
	r.iov[1].Base = &b[0]
	r.iov[1].SetLen(len(b))
}

// readv reads a packet and reports whether there was one, or an error.
func (r *reader) readv(fd uintptr) bool {
	iov, header := r.iov[:], vnetLen
	if !r.offload {
		iov, header = r.iov[1:], 0
	}
	for {
		n, _, errno := unix.Syscall(unix.SYS_READV, fd, uintptr(unsafe.Pointer(&iov[0])), uintptr(len(iov)))
		switch errno {
		case 0:
			r.n = int(n) - header
			return true
		case unix.EINTR:
		case unix.EAGAIN:
			return false
		default:
			r.n = -1
			return true
		}
	}
}

// deliver hands a packet up.
func (e *base) deliver(v *buffer.View) {
	p := stack.NewPacketBuffer(stack.PacketBufferOptions{Payload: buffer.MakeWithView(v)})
	defer p.DecRef()
	p.RXChecksumValidated = e.offload
	switch v.AsSlice()[0] >> 4 {
	case 4:
		e.dispatcher.DeliverNetworkPacket(header.IPv4ProtocolNumber, p)
	case 6:
		e.dispatcher.DeliverNetworkPacket(header.IPv6ProtocolNumber, p)
	}
}

// WritePackets writes packets, each with one system call.
func (e *endpoint) WritePackets(list stack.PacketBufferList) (int, tcpip.Error) {
	var vnet [vnetLen]byte
	var room [16]unix.Iovec
	for i, p := range list.AsSlice() {
		iov := room[:0]
		if e.offload {
			putVnet(&vnet, p)
			iov = appendIovec(iov, vnet[:])
		}
		for _, b := range p.AsSlices() {
			iov = appendIovec(iov, b)
		}
		_, _, errno := unix.Syscall(unix.SYS_WRITEV, uintptr(e.fd), uintptr(unsafe.Pointer(&iov[0])), uintptr(len(iov)))
		if errno != 0 {
			return i, &tcpip.ErrNoBufferSpace{}
		}
	}
	return list.Len(), nil
}

func appendIovec(iov []unix.Iovec, b []byte) []unix.Iovec {
	if len(b) == 0 {
		return iov
	}
	v := unix.Iovec{Base: &b[0]}
	v.SetLen(len(b))
	return append(iov, v)
}

// putVnet fills in the header that tells the kernel what is left to be done to a packet: see linux/virtio_net.h.
func putVnet(h *[vnetLen]byte, p *stack.PacketBuffer) {
	const (
		needsChecksum = 1
		gsoTCPv4      = 1
		gsoTCPv6      = 4
	)
	*h = [vnetLen]byte{}
	g := &p.GSOOptions
	if g.Type == stack.GSONone {
		return
	}
	binary.NativeEndian.PutUint16(h[2:], uint16(p.HeaderSize()))
	if g.NeedsCsum {
		h[0] = needsChecksum
		binary.NativeEndian.PutUint16(h[6:], g.L3HdrLen)
		binary.NativeEndian.PutUint16(h[8:], g.CsumOffset)
	}
	if p.Data().Size() <= int(g.MSS) {
		return
	}
	h[1] = gsoTCPv4
	if g.Type == stack.GSOTCPv6 {
		h[1] = gsoTCPv6
	}
	binary.NativeEndian.PutUint16(h[4:], g.MSS)
}
