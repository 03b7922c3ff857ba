package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/antedon-net/antedon"
	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/pipe"
	"github.com/antedon-net/antedon/tcp"
)

// IdlePlan measures the memory of connections that are held and do nothing. Each was accepted by a listener of the stack, has
// carried a request and its answer, and is then left alone, in the hands of a program that would close it.
type IdlePlan struct {
	Conns int // 100,000
}

// IdleConns is the default.
const IdleConns = 100_000

// IdleLine is what came of it.
type IdleLine struct {
	Bench        string  `json:"bench"`
	Stack        string  `json:"stack"`
	Streams      int     `json:"streams"` // connections held
	BytesPerConn float64 `json:"bytes_per_conn"`
	Heap         float64 `json:"heap_per_conn"`
	Resident     float64 `json:"resident_per_conn"`
	ConnsPerSec  float64 `json:"conn_s"` // while they were opened
	Ratio        float64 `json:"ratio"`  // to the kernel; 0 if it was not measured
	Error        string  `json:"error,omitempty"`
}

// The stack's end, and what each connection carries.
const (
	idlePort     = 80
	idleRequest  = 100
	idleResponse = 200
)

var idleAddr = netip.MustParseAddr("10.0.0.1")

// warmup is how many connections are opened first, so that what they share is there and is not counted.
const warmup = 1000

// Run holds the connections and says what they take. progress is told of each that is there.
func (p IdlePlan) Run(ctx context.Context, progress func()) (_ IdleLine, err error) {
	n := cmp.Or(p.Conns, IdleConns)
	s, err := newIdleScene(ctx, warmup+n)
	if err != nil {
		return IdleLine{}, err
	}
	defer s.close()
	if err := s.open(ctx, warmup, func() {}); err != nil {
		return IdleLine{}, err
	}
	before := measureMemory()
	start := time.Now()
	if err := s.open(ctx, n, progress); err != nil {
		return IdleLine{}, err
	}
	took := time.Since(start)
	after := measureMemory()
	if alive := s.alive(); alive != warmup+n {
		return IdleLine{}, fmt.Errorf("%d connections are left of %d", alive, warmup+n)
	}
	line := IdleLine{
		Bench: "idle", Stack: "antedon", Streams: n,
		Heap:        float64(after.heap-before.heap) / float64(n),
		Resident:    float64(after.resident-before.resident) / float64(n),
		ConnsPerSec: float64(n) / took.Seconds(),
	}
	line.BytesPerConn = max(line.Heap, line.Resident)
	return line, nil
}

// An idleScene is a stack with a listener, a crowd of clients, and the connections that are held.
type idleScene struct {
	stack    *antedon.Stack
	listener *antedon.Listener
	crowd    *crowd
	held     []*antedon.Conn
	stop     func() bool
}

func newIdleScene(ctx context.Context, n int) (*idleScene, error) {
	ours, theirs := pipe.New(pipe.Config{Offload: link.OffloadChecksum})
	stack, err := antedon.New(ours, antedon.Config{Addrs: []netip.Prefix{netip.PrefixFrom(idleAddr, 8)}})
	if err != nil {
		return nil, err
	}
	at := netip.AddrPortFrom(idleAddr, idlePort)
	l, err := stack.Listen(ctx, "tcp", at.String())
	if err != nil {
		return nil, errors.Join(err, stack.Close(ctx))
	}
	s := &idleScene{stack: stack, listener: l.(*antedon.Listener), crowd: newCrowd(theirs, at), held: make([]*antedon.Conn, 0, n)}
	s.stop = context.AfterFunc(ctx, func() { l.Close() })
	go s.crowd.run()
	return s, nil
}

// close resets what is held.
func (s *idleScene) close() {
	s.stop()
	for _, c := range s.held {
		c.SetLinger(0)
		c.Close()
	}
	s.stack.Close(context.Background())
}

// acceptLimit is how long a connection may take. No packet is lost here.
const acceptLimit = 30 * time.Second

// open accepts n more connections, has each carry a request and its answer, and waits until nothing is under way.
func (s *idleScene) open(ctx context.Context, n int, progress func()) error {
	var request [idleRequest]byte
	var response [idleResponse]byte
	for target := len(s.held) + n; len(s.held) < target; progress() {
		if len(s.held)%1000 == 0 {
			s.listener.SetDeadline(time.Now().Add(acceptLimit))
		}
		for s.crowd.asked() < min(target, len(s.held)+crowdBatch) {
			s.crowd.ask()
		}
		c, err := s.listener.AcceptTCP()
		if err != nil {
			return cmp.Or(ctx.Err(), err)
		}
		s.held = append(s.held, c)
		if _, err := io.ReadFull(c, request[:]); err != nil {
			return err
		}
		if _, err := c.Write(response[:]); err != nil {
			return err
		}
	}
	return s.settle(ctx)
}

// settle waits until the answers are acknowledged and no delayed acknowledgment is owed. The last connections are the last
// to be.
func (s *idleScene) settle(ctx context.Context) error {
	for _, c := range s.held[max(0, len(s.held)-2*crowdBatch):] {
		for c.Info().SendQueue > 0 {
			if err := sleep(ctx, time.Millisecond); err != nil {
				return err
			}
		}
	}
	return sleep(ctx, 100*time.Millisecond)
}

// alive returns how many connections are still there.
func (s *idleScene) alive() int {
	n := 0
	for _, c := range s.held {
		if c.Info().State == tcp.StateEstablished {
			n++
		}
	}
	return n
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// memory is what the process has in use.
type memory struct{ heap, resident int64 }

// measureMemory collects garbage, gives free memory back to the system, and returns what remains.
func measureMemory() memory {
	runtime.GC()
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return memory{heap: int64(m.HeapAlloc), resident: residentBytes()}
}

// residentBytes returns how much of the process's memory is in RAM, 0 if the system does not say.
func residentBytes() int64 {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(b)) // total and resident pages first
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(os.Getpagesize())
}

// Describe returns the line for people.
func (l IdleLine) Describe() string {
	return fmt.Sprintf("%d connections held: %.0f bytes each (heap %.0f, resident %.0f), %.0f opened per second",
		l.Streams, l.BytesPerConn, l.Heap, l.Resident, l.ConnsPerSec)
}
