package main

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"

	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/waiter"

	"github.com/antedon-net/antedon/internal/bench"
	"github.com/antedon-net/antedon/internal/contest"
	"github.com/antedon-net/antedon/link"
)

// memory is a link endpoint on a device of ours that is in memory.
type memory struct {
	base
	dev link.Device
}

// Attach starts to read.
func (m *memory) Attach(d stack.NetworkDispatcher) {
	if d != nil && m.dispatcher == nil {
		m.dispatcher = d
		go m.readLoop()
	}
}

// Close lets the reader end.
func (m *memory) Close() { m.dev.Close() }

// batch is how many packets are read at once.
const batch = 64

func (m *memory) readLoop() {
	pkts := make([]link.Packet, batch)
	for i := range pkts {
		pkts[i].Buf = make([]byte, link.ReadRoom)
	}
	for {
		n, err := m.dev.Queues()[0].Read(pkts)
		if err != nil {
			return
		}
		for i := range n {
			m.deliver(buffer.NewViewWithData(pkts[i].Bytes))
		}
	}
}

// WritePackets writes packets, one by one.
func (m *memory) WritePackets(list stack.PacketBufferList) (int, tcpip.Error) {
	for i, p := range list.AsSlice() {
		v := p.ToView()
		_, err := m.dev.Queues()[0].Write([]link.Packet{{Bytes: v.AsSlice()}})
		v.Release()
		if err != nil {
			return i, &tcpip.ErrNoBufferSpace{}
		}
	}
	return list.Len(), nil
}

// openIdle returns how bench.IdleMain gets a stack of a flavour.
func openIdle(flavour contest.Stack) bench.OpenStack {
	return func(dev link.Device, addr netip.Prefix) (bench.Listen, func(), error) {
		m := &memory{base: base{mtu: uint32(dev.MTU()), offload: dev.Offload().Has(link.OffloadChecksum)}, dev: dev}
		n, err := newNetwork(m, flavour, []netip.Prefix{addr})
		if err != nil {
			return nil, nil, err
		}
		return n.listenLong, n.stack.Destroy, nil
	}
}

// backlog is as long as ours; gonet's own listener has one of 10.
const backlog = 4096

// listenLong listens on a literal address.
func (n *network) listenLong(_ context.Context, _, address string) (net.Listener, error) {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, err
	}
	var wq waiter.Queue
	ep, fault := n.stack.NewEndpoint(tcp.ProtocolNumber, protocol(at.Addr()), &wq)
	if fault == nil {
		fault = ep.Bind(full(at))
	}
	if fault == nil {
		fault = ep.Listen(backlog)
	}
	if fault != nil {
		return nil, &net.OpError{Op: "listen", Net: "tcp", Err: errors.New(fault.String())}
	}
	return &listener{TCPListener: gonet.NewTCPListener(n.stack, &wq, ep)}, nil
}

// listener has the deadline that gonet's lacks.
type listener struct {
	*gonet.TCPListener
	mu    sync.Mutex
	timer *time.Timer
}

// SetDeadline makes Accept fail from t on, for good.
func (l *listener) SetDeadline(t time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.timer == nil {
		l.timer = time.AfterFunc(time.Until(t), l.Shutdown)
		return nil
	}
	l.timer.Reset(time.Until(t))
	return nil
}
