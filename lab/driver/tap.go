package driver

import (
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"time"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/lab/exp4"
	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/capture"
	"github.com/antedon-net/antedon/reactor"
	"github.com/antedon-net/antedon/wire"
)

// A tap shows connection 1, between applications and the driver, to the capture: it reads a copy of what passes lo with
// one of our marks.
type tap struct {
	d     *Driver
	fd    int
	desc  *reactor.Desc
	buf   []byte
	iface int
	flows map[exp4.Conn]bool // as who began sees them: true for an application, false for the driver
}

// maxFlows bounds what is kept only to tell one direction from the other.
const maxFlows = 1 << 14

func openTap(d *Driver) (*tap, error) {
	lo, err := net.InterfaceByName("lo")
	if err != nil {
		return nil, err
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0) // nothing before bind
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	t := &tap{d: d, fd: fd, buf: make([]byte, link.MaxPacket), iface: d.cfg.Capture.AddInterface("connection 1"), flows: make(map[exp4.Conn]bool)}
	filter, err := bpf.Assemble(markFilter)
	if err == nil {
		program := unix.SockFprog{Len: uint16(len(filter)), Filter: (*unix.SockFilter)(unsafe.Pointer(&filter[0]))}
		err = unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &program)
	}
	if err == nil {
		all := binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, unix.ETH_P_ALL))
		err = unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: all, Ifindex: lo.Index})
	}
	if err == nil {
		t.desc, err = d.loop.Register(fd, reactor.Readable, func(reactor.Events) { t.read() })
	}
	if err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("listen on lo for the capture: %w", err)
	}
	return t, nil
}

// markFilter accepts what came in on lo with the mark of captured packets or of ours.
var markFilter = []bpf.Instruction{
	bpf.LoadExtension{Num: bpf.ExtType},
	bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.PACKET_OUTGOING, SkipTrue: 5}, // lo shows each packet twice
	bpf.LoadExtension{Num: bpf.ExtMark},
	bpf.JumpIf{Cond: bpf.JumpEqual, Val: markCaptured, SkipTrue: 2},
	bpf.JumpIf{Cond: bpf.JumpEqual, Val: markCall, SkipTrue: 1},
	bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: markOurs, SkipTrue: 1},
	bpf.RetConstant{Val: link.MaxPacket},
	bpf.RetConstant{Val: 0},
}

// read writes what has passed.
func (t *tap) read() {
	for range receivesAtOnce {
		n, err := unix.Read(t.fd, t.buf)
		if err != nil {
			return
		}
		t.note(t.buf[:n])
	}
}

// expect notes that the driver is about to dial for a call.
func (t *tap) expect(name exp4.Conn) { t.remember(name, false) }

func (t *tap) remember(name exp4.Conn, byApp bool) {
	if len(t.flows) >= maxFlows {
		clear(t.flows)
	}
	t.flows[name] = byApp
}

func (t *tap) note(packet []byte) {
	name, segment, ok := parsePacket(packet)
	if !ok {
		return
	}
	h, _, err := wire.ParseTCP(segment)
	if err != nil {
		return
	}
	dir, comment := capture.Inbound, "from the application"
	byApp, first := t.flows[name]
	isSYN := h.Flags.Has(wire.SYN) && !h.Flags.Has(wire.ACK)
	switch {
	case first && !byApp:
		dir, comment = capture.Outbound, "to the application"
		if isSYN {
			comment += ": called"
		}
	case isSYN:
		t.remember(name, true)
		comment += ": captured"
	case t.flows[turned(name)]:
		dir, comment = capture.Outbound, "to the application"
	}
	complete(turned(name), segment)
	p := link.Packet{Bytes: packet}
	_ = t.d.cfg.Capture.WritePacket(capture.Info{Interface: t.iface, Time: time.Now(), Direction: dir, Comment: comment}, &p)
}

func (t *tap) close() {
	_ = t.desc.Remove()
	unix.Close(t.fd)
}
