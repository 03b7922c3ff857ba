package main

import (
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
)

var (
	_ stack.LinkEndpoint = (*endpoint)(nil)
	_ stack.GSOEndpoint  = (*endpoint)(nil)
	_ stack.LinkEndpoint = (*memory)(nil)
)

// base is what the link endpoints have in common.
type base struct {
	mtu        uint32
	offload    bool // nobody computes the checksums of what comes
	dispatcher stack.NetworkDispatcher
}

// Attach starts to read.
func (e *endpoint) Attach(d stack.NetworkDispatcher) {
	if d != nil && e.dispatcher == nil {
		e.dispatcher = d
		go e.readLoop()
	}
}

func (e *base) IsAttached() bool { return e.dispatcher != nil }

// Capabilities tells gVisor not to verify checksums that the kernel at the other end of the device never computes.
func (e *base) Capabilities() stack.LinkEndpointCapabilities {
	if e.offload {
		return stack.CapabilityRXChecksumOffload
	}
	return stack.CapabilityNone
}

// SupportedGSO makes gVisor send segments of up to GSOMaxSize.
func (e *endpoint) SupportedGSO() stack.SupportedGSO {
	if e.offload {
		return stack.HostGSOSupported
	}
	return stack.GSONotSupported
}

func (*endpoint) GSOMaxSize() uint32 { return 1<<16 - 1 }

func (e *base) MTU() uint32       { return e.mtu }
func (e *base) SetMTU(mtu uint32) { e.mtu = mtu }

// Close lets the reader end.
func (e *endpoint) Close() { e.file.Close() }

// There is no link layer.

func (*base) MaxHeaderLength() uint16                 { return 0 }
func (*base) LinkAddress() tcpip.LinkAddress          { return "" }
func (*base) SetLinkAddress(tcpip.LinkAddress)        {}
func (*base) ARPHardwareType() header.ARPHardwareType { return header.ARPHardwareNone }
func (*base) AddHeader(*stack.PacketBuffer)           {}
func (*base) ParseHeader(*stack.PacketBuffer) bool    { return true }
func (*base) Wait()                                   {}
func (*base) SetOnCloseAction(func())                 {}
