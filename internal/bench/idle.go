package bench

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon"
	"github.com/antedon-net/antedon/internal/netlab"
	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/pipe"
	"github.com/antedon-net/antedon/tcp"
)

// IdlePlan measures the memory of connections that are held and do nothing. Each was accepted by a listener of the stack, has
// carried a request and its answer, and is then left alone, in the hands of a program that would close it.
type IdlePlan struct {
	Who   Who // Antedon
	Conns int // 100,000
}

// IdleConns is the default.
const IdleConns = 100_000

// IdleLine is what came of it.
type IdleLine struct {
	Bench        string  `json:"bench"`
	Stack        Who     `json:"stack"`
	Streams      int     `json:"streams"` // connections held
	BytesPerConn float64 `json:"bytes_per_conn"`
	Heap         float64 `json:"heap_per_conn"`
	Resident     float64 `json:"resident_per_conn"`
	ConnsPerSec  float64 `json:"conn_s"`         // while they were opened
	Ratio        float64 `json:"ratio"`          // to the kernel; 0 if it was not measured
	Note         string  `json:"note,omitempty"` // why there are fewer connections than planned
	Error        string  `json:"error,omitempty"`
}

// The stack's end, and what each connection carries.
const (
	idlePort     = 80
	idleRequest  = 100
	idleResponse = 200
)

var idleNet = netip.MustParsePrefix("10.0.0.1/8")

// warmup is how many connections are opened first, so that what they share is there and is not counted.
const warmup = 1000

// Run holds the connections and says what they take. progress is told of each that is there.
func (p IdlePlan) Run(ctx context.Context, progress func()) (_ IdleLine, err error) {
	n, note := cmp.Or(p.Conns, IdleConns), ""
	make, measure := newStackScene, measureMemory
	if p.Who == Kernel {
		can, err := p.AllowFiles()
		if err != nil {
			return IdleLine{}, err
		}
		if can < n {
			note = fmt.Sprintf("%d connections and no more: the limit of open files (ulimit -n)", can)
			n = can
		}
		make, measure = newKernelScene, measureKernel
	}
	s, err := make(ctx, warmup+n)
	if err != nil {
		return IdleLine{}, err
	}
	defer s.close()
	if err := s.open(ctx, warmup, func() {}); err != nil {
		return IdleLine{}, err
	}
	before := measure()
	start := time.Now()
	if err := s.open(ctx, n, progress); err != nil {
		return IdleLine{}, err
	}
	took := time.Since(start)
	after := measure()
	if alive := s.alive(); alive != warmup+n {
		return IdleLine{}, fmt.Errorf("%d connections are left of %d", alive, warmup+n)
	}
	line := IdleLine{
		Bench: "idle", Stack: cmp.Or(p.Who, Antedon), Streams: n,
		Heap:        float64(after.heap-before.heap) / float64(n),
		Resident:    float64(after.resident-before.resident) / float64(n),
		ConnsPerSec: float64(n) / took.Seconds(), Note: note,
	}
	line.BytesPerConn = max(line.Heap, line.Resident)
	return line, nil
}

// An idleScene is a listener, a crowd of clients, and the connections that are held.
type idleScene struct {
	listener deadlineListener
	crowd    *crowd
	held     []net.Conn
	shut     func() // the stack, or what is in its place
	stop     func() bool
}

// deadlineListener is what listeners of package net and ours are.
type deadlineListener interface {
	net.Listener
	SetDeadline(time.Time) error
}

// newStackScene has a stack of ours on a device in memory.
func newStackScene(ctx context.Context, n int) (*idleScene, error) {
	ours, theirs := pipe.New(pipe.Config{Offload: link.OffloadChecksum})
	stack, err := antedon.New(ours, antedon.Config{Addrs: []netip.Prefix{idleNet}})
	if err != nil {
		return nil, err
	}
	shut := func() { stack.Close(context.Background()) }
	return newIdleScene(ctx, n, theirs, stack.Listen, shut)
}

// newKernelScene has a kernel in a namespace, behind a TUN device.
func newKernelScene(ctx context.Context, n int) (*idleScene, error) {
	lab, err := netlab.New(netlab.Options{Name: "idle", Kernel: []netip.Prefix{idleNet}, NoOffload: true})
	if err != nil {
		return nil, err
	}
	return newIdleScene(ctx, n, lab.Device(), lab.Listen, func() { lab.Close() })
}

// AllowFiles raises the limit of open files as far as the plan's connections take it in the kernel, or as far as it may, and
// returns how many connections the kernel may hold then. Who is not root, or root in a namespace only, has a limit.
func (p IdlePlan) AllowFiles() (int, error) {
	const others = warmup + 100
	conns := cmp.Or(p.Conns, IdleConns)
	need := uint64(conns + others)
	var have unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &have); err != nil {
		return 0, err
	}
	if have.Cur >= need {
		return conns, nil
	}
	more := unix.Rlimit{Cur: need, Max: max(have.Max, need)}
	if unix.Setrlimit(unix.RLIMIT_NOFILE, &more) == nil {
		return conns, nil
	}
	have.Cur = have.Max
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &have); err != nil {
		return 0, fmt.Errorf("raise the limit of open files: %w", err)
	}
	if have.Max < others+1000 {
		return 0, fmt.Errorf("no more than %d files may be open (ulimit -n)", have.Max)
	}
	return int(have.Max - others), nil
}

// newIdleScene listens, and lets the crowd answer behind dev. shut ends all of it.
func newIdleScene(ctx context.Context, n int, dev link.Device, listen func(ctx context.Context, network, address string) (net.Listener, error), shut func()) (*idleScene, error) {
	at := netip.AddrPortFrom(idleNet.Addr(), idlePort)
	l, err := listen(ctx, "tcp4", at.String())
	if err != nil {
		shut()
		return nil, err
	}
	s := &idleScene{listener: l.(deadlineListener), crowd: newCrowd(dev, at), held: make([]net.Conn, 0, n), shut: shut}
	s.stop = context.AfterFunc(ctx, func() { l.Close() })
	go s.crowd.run()
	return s, nil
}

// close resets what is held.
func (s *idleScene) close() {
	s.stop()
	for _, c := range s.held {
		c.(interface{ SetLinger(int) error }).SetLinger(0)
		c.Close()
	}
	s.listener.Close()
	s.shut()
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
		c, err := s.listener.Accept()
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
		ours, ok := c.(*antedon.Conn)
		for ok && ours.Info().SendQueue > 0 {
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
		if ours, ok := c.(*antedon.Conn); !ok || ours.Info().State == tcp.StateEstablished {
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

// measureKernel returns what the machine's kernel has allocated in small objects: sockets among them, and the descriptors that
// lead to them.
func measureKernel() memory {
	b, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return memory{}
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "Slab:"); ok {
			kb, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return memory{heap: kb << 10, resident: kb << 10}
		}
	}
	return memory{}
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
	if l.Error != "" {
		return fmt.Sprintf("%s: %s", l.Stack, l.Error)
	}
	text := fmt.Sprintf("%s: %d connections held: %.0f bytes each (heap %.0f, resident %.0f), %.0f opened per second",
		l.Stack, l.Streams, l.BytesPerConn, l.Heap, l.Resident, l.ConnsPerSec)
	if l.Note != "" {
		text += "; " + l.Note
	}
	return text
}
