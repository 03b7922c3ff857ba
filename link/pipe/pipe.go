// Package pipe is a link in memory: two devices, of which each reads what is written to the other. It takes no privilege,
// and is what tests and first steps use.
//
//	a, b := pipe.New(pipe.Config{})
//	client, err := antedon.New(a, antedon.Config{Addrs: ...})
//	server, err := antedon.New(b, antedon.Config{Addrs: ...})
//
// Packets are copied on their way, once in and once out, into memory that the pipe uses again. What finds the queue full
// is lost, as on any link.
//
// Without offload, the default, packets cross as they would a wire: cut to the MTU, with complete checksums that the
// receiver has to check. With offload super-packets and partial checksums cross as they are.
//
// Concurrency: as link.Device; in addition a queue may have any number of readers. Readers wait on a condition variable,
// so that programs in a testing/synctest bubble can use a pipe made inside it.
//
// Limitations: one queue. Closing one end tells the other nothing: its packets are lost, and none come.
package pipe

import (
	"sync/atomic"

	"github.com/antedon-net/antedon/link"
)

// Config describes a pipe. The zero Config is ready for use.
type Config struct {
	// MTU of both devices; default 1500.
	MTU int

	// Offload of both devices; default link.OffloadNone. Segmentation takes OffloadChecksum too.
	Offload link.Offload

	// QueueLen is how many packets, super-packets among them, wait for a reader in each direction before more are
	// dropped; default 1000.
	QueueLen int

	// Names of the devices; default "pipe-a" and "pipe-b".
	Names [2]string
}

func (c *Config) setDefaults() {
	if c.MTU == 0 {
		c.MTU = 1500
	}
	if c.QueueLen == 0 {
		c.QueueLen = 1000
	}
	if c.Names == [2]string{} {
		c.Names = [2]string{"pipe-a", "pipe-b"}
	}
	if !c.Offload.Has(link.OffloadChecksum) {
		c.Offload = link.OffloadNone
	}
}

// Stats counts packets, super-packets as one.
type Stats struct {
	Written uint64 // taken by Write
	Read    uint64
	Dropped uint64 // taken by Write and lost, as the other end's queue was full or closed
	Refused uint64 // not taken: malformed or too long
}

// Device is one end of a pipe.
type Device struct {
	name    string
	mtu     int
	offload link.Offload
	in, out *line
	queues  []link.Queue
	refused atomic.Uint64
}

var _ link.Device = (*Device)(nil)

// New returns the two ends of a new pipe.
func New(cfg Config) (a, b *Device) {
	cfg.setDefaults()
	ab, ba := newLine(cfg.QueueLen), newLine(cfg.QueueLen)
	return newDevice(&cfg, cfg.Names[0], ba, ab), newDevice(&cfg, cfg.Names[1], ab, ba)
}

func newDevice(cfg *Config, name string, in, out *line) *Device {
	d := &Device{name: name, mtu: cfg.MTU, offload: cfg.Offload, in: in, out: out}
	d.queues = []link.Queue{&queue{d}}
	return d
}

// Name implements link.Device.
func (d *Device) Name() string { return d.name }

// MTU implements link.Device.
func (d *Device) MTU() int { return d.mtu }

// Offload implements link.Device.
func (d *Device) Offload() link.Offload { return d.offload }

// Queues implements link.Device.
func (d *Device) Queues() []link.Queue { return d.queues }

// QueueLen implements link.Queued.
func (d *Device) QueueLen() int { return d.in.limit }

// Stats returns the device's counters.
func (d *Device) Stats() Stats {
	s := Stats{Refused: d.refused.Load()}
	d.out.mu.Lock()
	s.Written, s.Dropped = d.out.pushed+d.out.dropped, d.out.dropped
	d.out.mu.Unlock()
	d.in.mu.Lock()
	s.Read = d.in.taken
	d.in.mu.Unlock()
	return s
}

// Close closes this end. Packets that wait at the other end can still be read there.
func (d *Device) Close() error {
	d.in.closeReader()
	d.out.closeWriter()
	return nil
}
