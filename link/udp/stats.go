package udp

import (
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Stats counts what crossed the device, and what did not.
type Stats struct {
	Sent, Received             uint64 // packets, of which each was a datagram
	SentTrains, ReceivedTrains uint64 // how often the kernel took or handed over several at once

	Foreign   uint64 // datagrams, or trains of them, from somebody else, dropped
	Malformed uint64 // from the other end, but no whole IP packet, dropped
	TooLong   uint64 // from the other end, but longer than the reader has room for, dropped

	Unreachable uint64 // times the network said that nobody takes our datagrams, or not of this size
	Dropped     uint64 // packets not taken by Write: malformed, too long for the link or the path, or the network is down
	TooBig      uint64 // times the stack was told to send smaller packets
	Refused     uint64 // 1 if the kernel refused a train; what comes after it goes without
	Overflowed  uint64 // datagrams the kernel dropped because we did not read them in time
}

// counters are the same while they count.
type counters struct {
	sent, received, sentTrains, receivedTrains atomic.Uint64
	foreign, malformed, tooLong                atomic.Uint64
	unreachable, dropped, tooBig, refused      atomic.Uint64
}

// Stats returns the device's counters.
func (d *Device) Stats() Stats {
	c := &d.count
	s := Stats{
		Sent: c.sent.Load(), Received: c.received.Load(),
		SentTrains: c.sentTrains.Load(), ReceivedTrains: c.receivedTrains.Load(),
		Foreign: c.foreign.Load(), Malformed: c.malformed.Load(), TooLong: c.tooLong.Load(),
		Unreachable: c.unreachable.Load(), Dropped: c.dropped.Load(), TooBig: c.tooBig.Load(), Refused: c.refused.Load(),
	}
	_ = d.queue.Control(func(fd int) error {
		s.Overflowed = overflowed(fd)
		return nil
	})
	return s
}

// overflowed asks a socket how many datagrams it had no room for (SO_MEMINFO, Linux 4.12).
func overflowed(fd int) uint64 {
	const drops = 8 // SK_MEMINFO_DROPS
	var v [drops + 1]uint32
	n := uint32(unsafe.Sizeof(v))
	_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, unix.SO_MEMINFO,
		uintptr(unsafe.Pointer(&v)), uintptr(unsafe.Pointer(&n)), 0)
	if errno != 0 || n < uint32(unsafe.Sizeof(v)) {
		return 0
	}
	return uint64(v[drops])
}
