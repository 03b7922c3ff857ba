package fdqueue

import (
	"errors"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/link"
)

// State is what the queues of a device share.
type State struct {
	// Gone turns an error of a read or write into a fatal one, which wraps net.ErrClosed, if it says that the device
	// no longer exists; else it returns nil.
	Gone func(error) error

	// SetOffload tells the kernel what is left of the offload after it refused a packet. It may be nil.
	SetOffload func(link.Offload)

	mtu       atomic.Int32
	maxSuper  atomic.Int32 // 0: link.MaxPacket
	offload   atomic.Uint32
	offloadMu sync.Mutex

	ignored   atomic.Uint64
	dropped   atomic.Uint64
	refused   atomic.Uint64
	segmented atomic.Uint64
}

// Stats counts what a device had to do about packets beside carrying them.
type Stats struct {
	Ignored   uint64 // read, but no whole IP packet
	Dropped   uint64 // not taken by Write: malformed, too long, or the interface was down
	Refused   uint64 // offload, or a length, that the kernel refused; the packet was sent without, and so are those after it
	Segmented uint64 // super-packets that were cut in software
}

// Stats returns the counters.
func (s *State) Stats() Stats {
	return Stats{
		Ignored:   s.ignored.Load(),
		Dropped:   s.dropped.Load(),
		Refused:   s.refused.Load(),
		Segmented: s.segmented.Load(),
	}
}

// MTU returns the MTU set last.
func (s *State) MTU() int { return int(s.mtu.Load()) }

// SetMTU sets what Write takes for too long.
func (s *State) SetMTU(n int) { s.mtu.Store(int32(n)) }

// Offload returns what the device still takes over.
func (s *State) Offload() link.Offload { return link.Offload(s.offload.Load()) }

// InitOffload sets what the device takes over at first.
func (s *State) InitOffload(o link.Offload) { s.offload.Store(uint32(o)) }

// MaxSuper returns the size of the largest super-packet the kernel still takes.
func (s *State) MaxSuper() int { return max(int(s.maxSuper.Load()), link.MaxPacket) }

// InitMaxSuper sets what it takes at first.
func (s *State) InitMaxSuper(n int) { s.maxSuper.Store(int32(n)) }

// shorten takes note that the kernel has refused a super-packet longer than link.MaxPacket.
func (s *State) shorten() {
	s.refused.Add(1)
	s.InitMaxSuper(link.MaxPacket)
}

// shrink takes away what the kernel has just refused for a packet that needed o.
func (s *State) shrink(o link.Offload) {
	s.refused.Add(1)
	without := o &^ link.OffloadChecksum
	if without&link.OffloadTSO != 0 {
		without = link.OffloadTSO
	}
	if o == link.OffloadChecksum {
		without = ^link.OffloadNone // segmentation needs checksums
	}
	s.offloadMu.Lock()
	defer s.offloadMu.Unlock()
	before := s.Offload()
	after := before &^ without
	if after == before {
		return // another queue was first
	}
	s.offload.Store(uint32(after))
	if s.SetOffload != nil {
		s.SetOffload(after)
	}
}

// check returns a fatal error if err says that the device is gone.
func (s *State) check(err error) error {
	if s.Gone == nil {
		return nil
	}
	return s.Gone(err)
}

// refusable reports whether err may mean that the kernel does not take this packet's offload, or its length, for which it
// may also lack memory in large pieces.
func refusable(err error, long bool) bool {
	switch {
	case errors.Is(err, unix.EINVAL), errors.Is(err, unix.EOPNOTSUPP):
		return true
	case errors.Is(err, unix.EMSGSIZE), errors.Is(err, unix.ENOBUFS), errors.Is(err, unix.ENOMEM):
		return long
	}
	return false
}
