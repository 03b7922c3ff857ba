package tun

import (
	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/link"
)

// Bits for TUNSETOFFLOAD, of linux/if_tun.h.
const (
	offloadCsum   = 0x01
	offloadTSO4   = 0x02
	offloadTSO6   = 0x04
	offloadTSOECN = 0x08 // a super-packet may carry CWR
	offloadUSO4   = 0x20
	offloadUSO6   = 0x40
)

// negotiate turns on as much offload as the kernel has, and returns it. It must be turned off as well: an interface
// keeps what its last user asked for.
func negotiate(fd int, want, udp bool) link.Offload {
	const tcp = link.OffloadChecksum | link.OffloadTSO
	var tries []link.Offload
	if want && udp {
		tries = append(tries, tcp|link.OffloadUSO)
	}
	if want {
		tries = append(tries, tcp, link.OffloadChecksum)
	}
	for _, o := range tries {
		if setOffload(fd, o) == nil {
			return o
		}
	}
	_ = setOffload(fd, link.OffloadNone)
	return link.OffloadNone
}

// setOffload tells the kernel what it may hand over.
func setOffload(fd int, o link.Offload) error {
	bits := 0
	for _, x := range [...]struct {
		o    link.Offload
		bits int
	}{
		{link.OffloadChecksum, offloadCsum},
		{link.OffloadTSO4, offloadTSO4 | offloadTSOECN},
		{link.OffloadTSO6, offloadTSO6 | offloadTSOECN},
		{link.OffloadUSO, offloadUSO4 | offloadUSO6},
	} {
		if o.Has(x.o) {
			bits |= x.bits
		}
	}
	return unix.IoctlSetInt(fd, unix.TUNSETOFFLOAD, bits)
}
