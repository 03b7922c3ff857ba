package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"syscall"

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
	file    *os.File
	raw     syscall.RawConn
	mtu     uint32
	offload bool // the device has it, and a virtio-net header before each packet

	dispatcher stack.NetworkDispatcher
}

// openTUN makes a device in the namespace that this process is in.
func openTUN(t *workload.Task) (*endpoint, error) {
	dev, err := contest.OpenTUN(t)
	if err != nil {
		return nil, err
	}
	e := &endpoint{mtu: uint32(dev.MTU()), offload: dev.Offload().Has(link.OffloadTSO)}
	q, ok := dev.Queues()[0].(interface {
		Control(func(fd int) error) error
	})
	if !ok {
		return nil, fmt.Errorf("%s is no TUN device", dev.Name())
	}
	err = q.Control(func(fd int) error {
		own, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
		e.file = os.NewFile(uintptr(own), dev.Name()) // which does not block, and so gets Go's poller
		return err
	})
	if err := errors.Join(err, dev.Close()); err != nil {
		return nil, err
	}
	e.raw, err = e.file.SyscallConn()
	return e, err
}

// readLoop hands packets up, one by one, until the device is gone.
func (e *endpoint) readLoop() {
	var vnet [vnetLen]byte
	view := buffer.NewViewSize(readSize)
	for {
		n, err := e.read(vnet[:], view.AsSlice())
		if err != nil {
			return
		}
		v := view
		if n < copyBelow {
			v = buffer.NewViewWithData(view.AsSlice()[:n])
		} else {
			v.CapLength(n)
			view = buffer.NewViewSize(readSize)
		}
		e.deliver(v)
	}
}

// read reads a packet.
func (e *endpoint) read(vnet, b []byte) (n int, err error) {
	bufs := [][]byte{vnet, b}
	if !e.offload {
		bufs = bufs[1:]
	}
	rerr := e.raw.Read(func(fd uintptr) bool {
		for {
			if n, err = unix.Readv(int(fd), bufs); err != unix.EINTR {
				return err != unix.EAGAIN
			}
		}
	})
	if e.offload {
		n -= vnetLen
	}
	return n, errors.Join(rerr, err)
}

// deliver hands a packet up.
func (e *endpoint) deliver(v *buffer.View) {
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
	var room [16][]byte
	for i, p := range list.AsSlice() {
		bufs := room[:0]
		if e.offload {
			putVnet(&vnet, p)
			bufs = append(bufs, vnet[:])
		}
		for _, b := range p.AsSlices() {
			if len(b) > 0 {
				bufs = append(bufs, b)
			}
		}
		var err error
		cerr := e.raw.Control(func(fd uintptr) { _, err = unix.Writev(int(fd), bufs) })
		if err != nil || cerr != nil {
			return i, &tcpip.ErrNoBufferSpace{}
		}
	}
	return list.Len(), nil
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
