package load

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/internal/stateless"
	"github.com/antedon-net/antedon/link"
)

// volleyBatch is how many packets are read or written at a time.
const volleyBatch = 64

// volley drives an Engine on a device: one goroutine reads and answers, one sends SYNs.
type volley struct {
	queue link.Queue
	epoch time.Time

	mu     sync.Mutex // also guards engine
	engine *stateless.Engine
	times  [stateless.NumKinds]*hdrhistogram.Histogram
	lastAt mono.Time // when the last connection was opened
	err    error
}

func newVolley(e *stateless.Engine, q link.Queue) *volley {
	v := &volley{queue: q, epoch: time.Now(), engine: e}
	for i := range v.times {
		v.times[i] = newHistogram()
	}
	return v
}

// now is the time of the engine's clock, which begins at 1 s.
func (v *volley) now() mono.Time { return mono.Time(time.Second + time.Since(v.epoch)) }

// packets returns memory for a batch.
func packets(size int) []link.Packet {
	p := make([]link.Packet, volleyBatch)
	for i := range p {
		p[i].Buf = make([]byte, size)
	}
	return p
}

// receive reads until the device is closed.
func (v *volley) receive() {
	in, out := packets(link.ReadRoom), packets(stateless.MaxPacket)
	for {
		n, err := v.queue.Read(in)
		if err != nil {
			v.fail(err)
			return
		}
		v.take(in[:n])
		v.send(out)
	}
}

// take gives what was read to the engine.
func (v *volley) take(in []link.Packet) {
	v.mu.Lock()
	defer v.mu.Unlock()
	now, before := v.now(), v.engine.Counters().Opened
	for i := range in {
		v.engine.Recv(now, in[i].Bytes, in[i].CsumValid)
	}
	if v.engine.Counters().Opened != before {
		v.lastAt = now
	}
	for _, s := range v.engine.Samples() {
		record(v.times[s.Kind], s.Took)
	}
}

// send writes what the engine has to send now, in the memory of out.
func (v *volley) send(out []link.Packet) {
	for n := len(out); n == len(out); {
		n = v.fill(out)
		if n == 0 {
			return
		}
		if _, err := v.queue.Write(out[:n]); errors.Is(err, net.ErrClosed) {
			return // anything else is a packet lost, as on any network
		}
	}
}

func (v *volley) fill(out []link.Packet) int {
	v.mu.Lock()
	defer v.mu.Unlock()
	now := v.now()
	for i := range out {
		if out[i].Bytes = v.engine.Next(now, out[i].Buf); len(out[i].Bytes) == 0 {
			return i
		}
	}
	return len(out)
}

// begin sends SYNs until all are sent, or ctx is done.
func (v *volley) begin(ctx context.Context) {
	out := packets(stateless.MaxPacket)
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-pause.C:
		}
		v.send(out)
		v.mu.Lock()
		next := v.engine.Deadline()
		v.mu.Unlock()
		if next == mono.Never {
			return
		}
		pause.Reset(max(0, next.Sub(v.now())))
	}
}

func (v *volley) fail(err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.err == nil && !errors.Is(err, net.ErrClosed) {
		v.err = err
	}
}

// report fills in what is known now.
func (v *volley) report(r *Report, last bool) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	r.Elapsed = time.Since(v.epoch)
	r.Seconds = r.Elapsed.Seconds()
	r.add(v.engine.Counters())
	if open := (v.lastAt - mono.Time(time.Second)).Sub(0).Seconds(); r.Opened > 0 && open > 0 {
		r.Rate = float64(r.Opened) / open
	}
	r.Handshake = latency(v.times[stateless.Handshake], last)
	r.Answer = latency(v.times[stateless.Answer], last)
	return v.err
}

// settled reports whether every connection seems to have come to its end. What was repeated counts twice: who asks makes sure that
// nothing has happened for a while.
func (v *volley) settled(m Mode, fin bool) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	k := v.engine.Counters()
	ended := k.Opened
	switch {
	case m.untilTime() || !v.engine.Done():
		return false
	case m == Request:
		ended = k.Answered + k.Resets
	case fin:
		ended = k.Closed + k.Resets
	}
	return ended+k.Refused+k.NoTimestamps >= k.SYNs
}
