package bench

import (
	"context"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"
)

// TestIdle holds ten thousand connections, each of which has carried something, in the little memory that an idle connection
// may take. What is left of garbage and of the allocator's own is in the margin.
func TestIdle(t *testing.T) {
	const n = 10_000
	opened := 0
	l, err := IdlePlan{Conns: n}.Run(context.Background(), func() { opened++ })
	if err != nil {
		t.Fatal(err)
	}
	if opened != n || l.Streams != n || l.BytesPerConn < l.Heap || l.BytesPerConn < l.Resident {
		t.Errorf("opened %d: %+v", opened, l)
	}
	if l.Heap < 500 || l.Heap > 1100 {
		t.Errorf("%.0f bytes of heap for each connection, want no more than 1100 and no less than a connection is known to have", l.Heap)
	}
	t.Log(l.Describe())
}

// BenchmarkIdle holds connections and says what each takes, up to the million that a stack has to hold within 1.2 GB.
func BenchmarkIdle(b *testing.B) {
	for _, n := range []int{10_000, 100_000, 1_000_000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			for b.Loop() {
				l, err := IdlePlan{Conns: n}.Run(context.Background(), func() {})
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(l.Heap, "heap-bytes/conn")
				b.ReportMetric(l.Resident, "resident-bytes/conn")
				b.ReportMetric(l.ConnsPerSec, "conns/s")
			}
		})
	}
}

// TestIdleLimit: a plan for more connections than the kernel may have files open is for as many as it may.
func TestIdleLimit(t *testing.T) {
	var have unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &have); err != nil {
		t.Fatal(err)
	}
	most := int(have.Max) - warmup - 100
	switch can, err := (IdlePlan{Conns: 1 << 30}).AllowFiles(); { // beyond what any system allows
	case most < 1000:
		if err == nil {
			t.Errorf("%d connections with a limit of %d", can, have.Max)
		}
	case err != nil || can != most:
		t.Errorf("%d connections, %v, want %d", can, err, most)
	}
	if can, err := (IdlePlan{Conns: 1}).AllowFiles(); err != nil || can != 1 {
		t.Errorf("%d connections, %v, want 1", can, err)
	}
}
