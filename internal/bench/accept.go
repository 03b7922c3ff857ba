package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"sync/atomic"
	"time"

	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/wire"
)

// AcceptPlan measures how many connections a second a listener accepts, and how many of those are left while SYNs from addresses
// that nobody has arrive beside them.
type AcceptPlan struct {
	Who    Who
	Time   time.Duration // that counts, of each of the two
	Flood  int           // SYNs per second
	Rounds int
}

// AcceptLine is what came of it: medians over the rounds.
type AcceptLine struct {
	Bench   string  `json:"bench"`
	Stack   Who     `json:"stack"`
	Rate    float64 `json:"conn_s"`         // without the flood
	Flooded float64 `json:"flooded_conn_s"` // beside it
	Flood   float64 `json:"syn_s"`          // of the flood, as it came
	Kept    float64 `json:"kept"`           // Flooded by Rate
	Ratio   float64 `json:"ratio"`          // of Flooded to the kernel's
	Error   string  `json:"error,omitempty"`
}

// acceptWarmUp is how long connections come before the time that counts.
const acceptWarmUp = 200 * time.Millisecond

// Run makes the rounds, each with a stack of its own. progress is told of each.
func (p AcceptPlan) Run(ctx context.Context, progress func()) (AcceptLine, error) {
	line := AcceptLine{Bench: "accept", Stack: p.Who}
	var rates, flooded, floods, kept []float64
	for range p.Rounds {
		r, f, syns, err := p.round(ctx)
		if err != nil {
			return line, err
		}
		if r == 0 {
			return line, fmt.Errorf("nothing was accepted within %v", acceptLimit)
		}
		rates, flooded, floods, kept = append(rates, r), append(flooded, f), append(floods, syns), append(kept, f/r)
		progress()
	}
	line.Rate, line.Flooded, line.Flood, line.Kept = Median(rates), Median(flooded), Median(floods), Median(kept)
	return line, nil
}

func (p AcceptPlan) round(ctx context.Context) (rate, flooded, syns float64, err error) {
	open := memoryScene(nil)
	if p.Who == Kernel {
		open = newKernelScene
	}
	s, err := open(ctx, 0)
	if err != nil {
		return 0, 0, 0, err
	}
	defer s.close()
	if rate, err = s.acceptFor(ctx, p.Time); err != nil {
		return 0, 0, 0, err
	}
	f := startFlood(s.crowd, p.Flood)
	defer f.end()
	if flooded, err = s.acceptFor(ctx, p.Time); err != nil {
		return 0, 0, 0, err
	}
	return rate, flooded, f.end(), nil
}

// acceptPatience is how long the next connection may take before those under way are given up.
const acceptPatience = 50 * time.Millisecond

// acceptFor accepts connections, crowdBatch of which are under way at a time, and resets each. It returns how many there were in a
// second.
func (s *idleScene) acceptFor(ctx context.Context, d time.Duration) (float64, error) {
	start := time.Now().Add(acceptWarmUp)
	n, given := 0, s.crowd.asked() // of those asked for, accepted or given up
	for {
		now := time.Now()
		if elapsed := now.Sub(start); elapsed >= d && n > 0 || elapsed > d+acceptLimit {
			return float64(n) / elapsed.Seconds(), ctx.Err()
		}
		for s.crowd.asked() < given+crowdBatch {
			s.crowd.ask()
		}
		if err := s.listener.SetDeadline(now.Add(acceptPatience)); err != nil {
			return 0, err
		}
		c, err := s.listener.Accept()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			given = s.crowd.asked()
			continue
		}
		if err != nil {
			return 0, errors.Join(ctx.Err(), err)
		}
		given++
		if now.After(start) {
			n++
		}
		_ = c.(interface{ SetLinger(int) error }).SetLinger(0)
		c.Close()
	}
}

// floodNet has the addresses that a flood claims to come from. No client is there, and nobody answers.
var floodNet = netip.MustParsePrefix("10.192.0.0/10")

// A flood is SYNs of nobody, until it is ended or for floodLimit.
type flood struct {
	stop  atomic.Bool
	done  chan struct{}
	sent  int
	start time.Time
	took  time.Duration
}

const (
	// floodStep is how often packets of a flood are written.
	floodStep = time.Millisecond
	// floodLimit is how long a flood lasts at most.
	floodLimit = 20 * time.Second
)

// startFlood writes so many SYNs a second.
func startFlood(c *crowd, perSecond int) *flood {
	f := &flood{done: make(chan struct{}), start: time.Now()}
	go func() {
		defer close(f.done)
		r := rand.New(rand.NewPCG(1, 2))
		var pkts []link.Packet
		for !f.stop.Load() && time.Since(f.start) < floodLimit {
			due := int(time.Since(f.start).Seconds() * float64(perSecond))
			for pkts = pkts[:0]; f.sent < due && len(pkts) < perSecond/100+1; f.sent++ {
				pkts = append(pkts, link.Packet{Bytes: forgedSYN(r, c.server)})
			}
			if _, err := c.dev.Queues()[0].Write(pkts); err != nil {
				return
			}
			time.Sleep(floodStep)
		}
	}()
	return f
}

// end stops the flood and returns how many SYNs a second there were.
func (f *flood) end() float64 {
	if !f.stop.Swap(true) {
		<-f.done
		f.took = time.Since(f.start)
	}
	return float64(f.sent) / f.took.Seconds()
}

// forgedSYN returns a SYN from a random address and port of floodNet.
func forgedSYN(r *rand.Rand, to netip.AddrPort) []byte {
	v := r.Uint64()
	from := netip.AddrFrom4([4]byte{10, 192 | byte(v)&63, byte(v >> 8), byte(v >> 16)})
	h := wire.TCP{
		SrcPort: 1024 + uint16(v>>24)%60_000, DstPort: to.Port(), Seq: uint32(v >> 32), Flags: wire.SYN, Window: 65535,
		Options: wire.TCPOptions{HasMSS: true, MSS: 1460, SACKPermitted: true, HasWScale: true, WScale: 8, HasTimestamps: true, TSVal: 1},
	}
	return appendSegment(nil, from, to.Addr(), &h, nil)
}

// Describe returns the line for people.
func (l AcceptLine) Describe() string {
	if l.Error != "" {
		return fmt.Sprintf("%s: %s", l.Stack, l.Error)
	}
	text := fmt.Sprintf("%s: %.0f connections a second; %.0f (%.0f %%) beside %.0f forged SYNs a second",
		l.Stack, l.Rate, l.Flooded, 100*l.Kept, l.Flood)
	if l.Ratio > 0 {
		text += fmt.Sprintf(", x%.2f of the kernel", l.Ratio)
	}
	return text
}
