package runner

import (
	"github.com/antedon-net/antedon/internal/buffer"
	"github.com/antedon-net/antedon/link"
)

// intake is where packets are read from the device, and how they become what the host is given: as they came from a device
// that coalesces, else joined. Its chunks come from the pool under the mutex, the rest is the reader's own.
type intake struct {
	pkts   []link.Packet   // for the device to fill in
	chunks []*buffer.Chunk // coalescing: what each of pkts lies in; joining: what is joined lies there
	join   bool
	joiner link.Joiner

	ready  []link.Packet // for the host
	owners []*buffer.Chunk
}

const (
	// Batches of packets read at once: enough to empty a busy device, few enough that the bytes of super-packets stay
	// in cache until they are looked at.
	readBatchSuper = 8
	readBatchPlain = 64

	// joinChunks are the chunks to join in. They hold a batch.
	joinChunks = 2

	// worthJoining is the room at the end of a chunk below which a run begins in the next.
	worthJoining = buffer.MaxChunk / 8

	// joinMTU is up to which MTU packets are joined: longer ones have to be copied to save little.
	joinMTU = buffer.MaxChunk / 4

	// plainRoom is what a packet read from a device without offload may have beside its MTU.
	plainRoom = link.ReadRoom - link.MaxPacket
)

// newIntake returns an intake for a device that coalesces, or for one that has so small an MTU.
func newIntake(coalesces bool, mtu int) *intake {
	if coalesces || mtu > joinMTU {
		return &intake{pkts: make([]link.Packet, readBatchSuper), chunks: make([]*buffer.Chunk, readBatchSuper)}
	}
	size := (mtu + plainRoom + 63) &^ 63
	n := min(readBatchPlain, joinChunks*buffer.MaxChunk/size)
	in := &intake{
		pkts: make([]link.Packet, n), chunks: make([]*buffer.Chunk, joinChunks), join: true,
		ready: make([]link.Packet, n), owners: make([]*buffer.Chunk, n),
	}
	memory := make([]byte, n*size)
	for i := range in.pkts {
		in.pkts[i].Buf, memory = memory[:size:size], memory[size:]
	}
	return in
}

// take makes the first n packets of the batch ready for the host, and returns how many they have become.
func (in *intake) take(n int) int {
	if !in.join {
		in.ready, in.owners = in.pkts, in.chunks
		return n
	}
	if n == 0 {
		return 0
	}
	got, chunk, free := 0, 0, in.chunks[0].B
	end := func() {
		in.ready[got], in.owners[got] = in.joiner.Packet(), nil
		if in.joiner.Joined() {
			in.owners[got] = in.chunks[chunk]
			free = free[len(in.ready[got].Bytes):]
		}
		got++
	}
	for i := range n {
		p := &in.pkts[i]
		if i > 0 {
			if in.joiner.Add(p) {
				continue
			}
			end()
		}
		if len(free) < max(2*len(p.Bytes), worthJoining) && chunk < len(in.chunks)-1 {
			chunk++
			free = in.chunks[chunk].B
		}
		in.joiner.Start(p, free)
	}
	end()
	return got
}

// refill replaces the chunks that somebody kept. The mutex is held.
func (in *intake) refill(pool *buffer.Pool) {
	for i, c := range in.chunks {
		if c != nil && !c.Shared() {
			continue
		}
		if c != nil {
			pool.Release(c)
		}
		in.chunks[i] = pool.Get(buffer.MaxChunk)
		if !in.join {
			in.pkts[i].Buf = in.chunks[i].B
		}
	}
}

// release gives up the memory. The mutex is held.
func (in *intake) release(pool *buffer.Pool) {
	for _, c := range in.chunks {
		pool.Release(c)
	}
	*in = intake{}
}
