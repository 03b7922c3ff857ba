package main

import (
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
)

var (
	_ stack.LinkEndpoint = (*endpoint)(nil)
	_ stack.GSOEndpoint  = (*endpoint)(nil)
)

// Attach starts to read.
func (e *endpoint) Attach(d stack.NetworkDispatcher) {
	if d != nil && e.dispatcher == nil {
		e.dispatcher = d
		go e.readLoop()
	}
}

func (e *endpoint) IsAttached() bool { return e.dispatcher != nil }

// Capabilities tells gVisor not to verify checksums that the kernel at the other end of the device never computes.
func (e *endpoint) Capabilities() stack.LinkEndpointCapabilities {
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

func (e *endpoint) MTU() uint32       { return e.mtu }
func (e *endpoint) SetMTU(mtu uint32) { e.mtu = mtu }

// Close lets the reader end.
func (e *endpoint) Close() { e.file.Close() }

// There is no link layer.

func (*endpoint) MaxHeaderLength() uint16                 { return 0 }
func (*endpoint) LinkAddress() tcpip.LinkAddress          { return "" }
func (*endpoint) SetLinkAddress(tcpip.LinkAddress)        {}
func (*endpoint) ARPHardwareType() header.ARPHardwareType { return header.ARPHardwareNone }
func (*endpoint) AddHeader(*stack.PacketBuffer)           {}
func (*endpoint) ParseHeader(*stack.PacketBuffer) bool    { return true }
func (*endpoint) Wait()                                   {}
func (*endpoint) SetOnCloseAction(func())                 {}
