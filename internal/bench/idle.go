package bench

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/link"
)

// IdlePlan measures the memory of connections that are held and do nothing. Each was accepted by a listener of the stack, has
// carried a request and its answer, and is then left alone, in the hands of a program that would close it.
type IdlePlan struct {
	Who   Who       // Antedon
	Conns int       // 100,000
	Open  OpenStack // whose, if it is neither ours nor the kernel's
}

// OpenStack makes a stack with an address on a device in memory. It returns how to listen on it, and how to end it.
type OpenStack func(dev link.Device, addr netip.Prefix) (Listen, func(), error)

// Listen listens on an address of a stack. What it returns has SetDeadline, as net.TCPListener.
type Listen func(ctx context.Context, network, address string) (net.Listener, error)

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
	make, measure := memoryScene(p.Open), measureMemory
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
	return memory{heap: int64(m.HeapAlloc), resident: ResidentBytes(os.Getpid())}
}

// measureKernel returns what the machine's kernel has allocated.
func measureKernel() memory {
	n := SlabBytes()
	return memory{heap: n, resident: n}
}

// SlabBytes returns what the machine's kernel has allocated in small objects: sockets among them, and the descriptors that
// lead to them. It is 0 if the system does not say.
func SlabBytes() int64 {
	b, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "Slab:"); ok {
			kb, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kb << 10
		}
	}
	return 0
}

// ResidentBytes returns how much of a process's memory is in RAM, 0 if the system does not say.
func ResidentBytes(pid int) int64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
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
