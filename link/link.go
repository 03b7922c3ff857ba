// Package link defines what the stack needs of a network device: batches of IP packets in and out, an MTU, and which
// part of the work the device takes over.
//
// The devices themselves live in the packages below this one: link/tun, link/packet, link/pipe, link/udp; link/impair and
// link/capture wrap any of them.
//
// A device without offload gets super-packets cut and checksums completed in software, at its own door: see Segmenter,
// CompleteChecksum and WithoutOffload. Some do it so well that they are better given super-packets: see Cutter. What a
// device hands over is what was sent to it; to join packets is up to the reader: see Joiner. Some devices take super-packets
// that are longer than any IP packet: see Stretcher.
//
// Concurrency: a Queue may be read by one goroutine and written by any number at the same time; Close may be called at
// any time and makes every call return an error that satisfies errors.Is(err, net.ErrClosed).
package link

import (
	"errors"
	"time"
)

// MaxPacket is the size of the largest IP packet that crosses a Device, and of the largest super-packet, unless the device
// takes longer ones: see Stretcher.
const MaxPacket = 65535

// MaxSuperPacket is the size of the largest super-packet that any Device takes.
const MaxSuperPacket = 256 << 10

// ReadRoom is the least length of Packet.Buf given to Read: the largest packet and room for a device's own header.
const ReadRoom = MaxPacket + 1 + 512

// Offload says what a device does in the stack's stead.
type Offload uint8

const (
	// OffloadChecksum: the device takes packets whose transport checksum is not finished (Packet.CsumStart), and
	// may hand over packets whose checksum it vouches for.
	OffloadChecksum Offload = 1 << iota
	// OffloadTSO4 and OffloadTSO6: the device takes and hands over TCP super-packets (Packet.SegSize).
	OffloadTSO4
	OffloadTSO6
	// OffloadUSO: the same for UDP datagrams of equal size.
	OffloadUSO

	OffloadNone Offload = 0
	OffloadTSO          = OffloadTSO4 | OffloadTSO6
)

// Has reports whether o includes all of want.
func (o Offload) Has(want Offload) bool { return o&want == want }

// Packet is one IP packet, or a super-packet that stands for several of equal size, on its way through a Queue.
type Packet struct {
	// Buf is the memory Read may fill: at least ReadRoom bytes, or ReadRoom-MaxPacket more than the MTU if the device
	// has no offload. Read points Bytes into it.
	Buf []byte

	// Bytes is the packet from its IP header on. For Write it may be followed by the bytes of Payload.
	Bytes []byte

	// Payload are further bytes of a packet given to Write, referenced and not copied. Read leaves it nil.
	// Nobody may change these bytes until Write has returned.
	Payload [][]byte

	// SegSize is 0 for an ordinary packet. For a super-packet it is the transport payload of each packet it stands
	// for (gso_size); HdrLen is then the length of the IP and transport headers together, all of which lie in Bytes,
	// and the checksum is partial.
	SegSize uint16
	HdrLen  uint16

	// CsumStart, if not 0, says that the transport checksum is partial: the checksum field holds the folded, not
	// complemented sum of the pseudo-header, and the device (or whoever needs it whole) has to add everything from
	// this offset into Bytes on. The field lies CsumOffset bytes further.
	CsumStart  uint16
	CsumOffset uint16

	// CsumValid says that the device vouches for the transport checksum of a packet it handed over. Read sets it for a
	// partial checksum too, which is trusted: the packet comes from the kernel or process at the other end of the
	// device and has crossed no wire. Write ignores it.
	CsumValid bool

	// TextLen is how many bytes of the packet, behind Bytes, TryReadSplit has put elsewhere: see Splitter. Otherwise it is 0, and
	// Write ignores it.
	TextLen uint32
}

// Len returns the length of the packet.
func (p *Packet) Len() int {
	n := len(p.Bytes)
	for _, b := range p.Payload {
		n += len(b)
	}
	return n
}

// Needs returns what a device has to offer to take p as it is: OffloadNone if every device does. A super-packet without
// a partial checksum is more than any device takes.
func (p *Packet) Needs() Offload {
	switch {
	case p.SegSize == 0 && p.CsumStart == 0:
		return OffloadNone
	case p.SegSize == 0:
		return OffloadChecksum
	case p.CsumStart == 0 || len(p.Bytes) == 0:
		return ^OffloadNone
	case p.CsumOffset == udpChecksumOffset:
		return OffloadChecksum | OffloadUSO
	case p.Bytes[0]>>4 == 6:
		return OffloadChecksum | OffloadTSO6
	}
	return OffloadChecksum | OffloadTSO4
}

// Queue is one of a device's paths for packets. A device has at least one; every queue may be handed any flow's packets.
type Queue interface {
	// Read waits for at least one packet and fills in as many of pkts as are there without further waiting.
	// It returns how many.
	Read(pkts []Packet) (int, error)

	// TryRead is Read without waiting: it returns 0, nil if nothing is there.
	TryRead(pkts []Packet) (int, error)

	// Write sends the packets in order and returns how many were taken. It keeps no reference to their bytes, and may
	// complete a partial checksum in place. Like any network it may lose a packet without saying so. A packet the device refuses is dropped, the others are sent, and the first such error is
	// returned; only an error that is net.ErrClosed, or wraps it, is fatal.
	Write(pkts []Packet) (int, error)
}

// Waiter is a Queue from which several goroutines may read in turn, without one that is always waiting in Read: who finds
// nothing to do tries to read, and only who is about to sleep arms the queue.
type Waiter interface {
	Queue

	// Arm makes one Wait return: as soon as a packet can be read, at once if one can be read already. Arming again
	// before that changes nothing. It may be called by any goroutine.
	Arm()

	// Wait sleeps until the queue was armed and a packet is there, and disarms it. It may return without a reason. One
	// goroutine at a time may be in Wait or Read.
	Wait() error

	// Doze sleeps until a packet can be read, Rouse was called since the last Doze, d is over, or without a reason. It
	// keeps the thread, for the kernel wakes a thread sooner than Go's scheduler wakes a goroutine, and prefers the CPU
	// where the packet was written. One goroutine at a time may doze.
	Doze(d time.Duration)

	// Rouse ends the Doze under way, or the next.
	Rouse()
}

// Splitter is a Queue whose packets can be read in two parts: the text of a segment where its reader wants it.
type Splitter interface {
	Queue

	// TryReadSplit is TryRead, but for TCP packets whose IP and TCP headers are together as long as headers says: what follows
	// these is read into text, the next packet's behind that of the last: TextLen says how much it is. It reads no more packets
	// when text has no room for a whole one.
	TryReadSplit(pkts []Packet, headers int, text []byte) (int, error)
}

// Join puts a packet that was read in two parts together, in Buf. text is the second.
func (p *Packet) Join(text []byte) {
	p.Bytes = append(p.Bytes, text...)
	p.TextLen = 0
}

// Polled is a Waiter of which packets can be read exactly when a descriptor can be: an event loop can watch that.
type Polled interface {
	Waiter

	// PollFD returns the descriptor, which is the queue's: it lasts until Close and is only for looking.
	PollFD() int
}

// Device is a network device that carries IP packets.
type Device interface {
	// Name names the device in messages and captures.
	Name() string

	// MTU is the size of the largest IP packet (not super-packet) the device carries.
	MTU() int

	// Offload says what the device takes over. It may shrink while the device runs, when the kernel refuses what it
	// had promised; the device then does the work itself for packets already under way.
	Offload() Offload

	// Queues returns the queues that the device has had from the start, always the same ones: see Attacher for others.
	Queues() []Queue

	// Close releases the device and unblocks its readers.
	Close() error
}

// Attacher is a Device that can be given more queues while it works, and be rid of them again. It hands over the packets of a
// flow on the queue on which packets of that flow were last written, and those of a flow it does not know on any queue.
//
// Both methods may be called by any goroutine at any time, also beside Close, after which they return net.ErrClosed.
type Attacher interface {
	Device

	// AttachQueue gives the device one more queue: a new one, or one that was detached, the same value as before. The error satisfies
	// errors.Is(err, errors.ErrUnsupported) if the device will never have more than it has had; any other may pass.
	AttachQueue() (Waiter, error)

	// DetachQueue takes a queue that AttachQueue returned away from the device: no packet comes on it any more, and
	// those in it are lost; what is written to it is sent or lost. It stays open, so that a goroutine may go on waiting
	// in it, until it is attached again or the device closes. Detaching may take tens of milliseconds, and for a moment
	// packets of flows that have nothing to do with it may come on another queue than they did.
	DetachQueue(q Waiter) error
}

// Queued is a Device that knows how many packets it keeps in each queue until they are read. What comes beyond that is lost.
type Queued interface {
	QueueLen() int // 0: not known
}

// QueueLen returns how many packets d keeps in each queue until they are read, 0 if it does not say.
func QueueLen(d Device) int {
	if q, ok := d.(Queued); ok {
		return q.QueueLen()
	}
	return 0
}

// Cutter is a Device whose queues cut super-packets and complete checksums at so little cost that it pays to hand them some
// although Offload does not ask for them.
type Cutter interface {
	Cuts() bool
}

// Cuts reports whether it pays to hand d super-packets.
func Cuts(d Device) bool {
	c, ok := d.(Cutter)
	return ok && c.Cuts() || d.Offload().Has(OffloadChecksum|OffloadTSO)
}

// Stretcher is a Device that takes TCP super-packets longer than an IP packet can be. What it hands over stays below
// MaxPacket. The length field of such a packet's IP header cannot say how long it is. As Linux has it ("BIG TCP"), the total
// length of IPv4 is 0, and so is the payload length of IPv6, which a jumbo payload option (RFC 2675) follows.
type Stretcher interface {
	// MaxSuper returns the size of the largest super-packet that the device takes now: MaxPacket to MaxSuperPacket. It may
	// shrink as Offload may; the device then cuts what is longer itself.
	MaxSuper() int
}

// MaxSuper returns the size of the largest super-packet that d takes.
func MaxSuper(d Device) int {
	if s, ok := d.(Stretcher); ok {
		return min(max(s.MaxSuper(), MaxPacket), MaxSuperPacket)
	}
	return MaxPacket
}

// ErrTooLong is returned by Write for a packet that exceeds the MTU and is not a super-packet, and for a super-packet that is
// longer than the device takes.
var ErrTooLong = errors.New("packet exceeds the link's MTU")
