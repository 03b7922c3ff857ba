package simnet

import (
	"flag"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/antedon-net/antedon/link/capture"
	"github.com/antedon-net/antedon/link/impair"
	"github.com/antedon-net/antedon/tcp"
	"github.com/antedon-net/antedon/tcp/congestion"
)

// cell is a place in a table: a path, the same both ways, and a bulk transfer over it.
type cell struct {
	mode  Mode
	path  impair.Plan
	cc    string
	time  time.Duration
	seeds int
}

// yield is what a cell comes to: bits per second, and the means of what was counted. A retransmission is spurious if the
// network carried all of it already.
type yield struct {
	goodput                         float64
	retransmits, spurious, timeouts float64
}

func (y yield) String() string {
	return fmt.Sprintf("%9.0f kbit/s %8.1f retransmits %8.1f spurious %6.1f timeouts", y.goodput/1000, y.retransmits, y.spurious, y.timeouts)
}

// build returns the network of the i-th seed.
func (c cell) build(i int) *Net {
	c.path.Seed += 2 * uint64(i)
	s := pair(c.mode, c.path, bulk(1<<40))
	for i := range s.Hosts {
		s.Hosts[i].TCP = tcp.Config{Congestion: c.cc}
	}
	return s.Build()
}

// measure runs a cell with each of its seeds.
func (c cell) measure(t *testing.T) (y yield) {
	t.Helper()
	for i := range c.seeds {
		n := c.build(i)
		runFor(t, n, c.time)
		y.add(n, n.talks[0])
	}
	for _, v := range [...]*float64{&y.goodput, &y.retransmits, &y.spurious, &y.timeouts} {
		*v /= float64(c.seeds)
	}
	return y
}

// add adds what a conversation came to so far.
func (y *yield) add(n *Net, k *talk) {
	from, to := k.ends[0], k.ends[1]
	y.retransmits += float64(from.said.repeats)
	y.spurious += float64(from.said.spurious)
	y.timeouts += float64(from.conn.Info(n.now).Timeouts)
	if to != nil {
		y.goodput += float64(to.app.in.read) * 8 / n.Elapsed().Seconds()
	}
}

var cellFlags struct {
	loss, reorder, rate, late, dup, cc string
	rtt, jitter, time                  time.Duration
	queue                              int
}

func init() {
	f := &cellFlags
	flag.StringVar(&f.loss, "loss", "1%", "of TestCell: probability of loss, in both directions")
	flag.StringVar(&f.reorder, "reorder", "0", "of TestCell: probability that a packet is overtaken")
	flag.StringVar(&f.late, "late", "0s", "of TestCell: by how much it is; default: an eighth of the round trip, at least 1 ms")
	flag.StringVar(&f.dup, "dup", "0", "of TestCell: probability that a packet arrives twice")
	flag.StringVar(&f.rate, "rate", "100mbit", "of TestCell: of the bottleneck")
	flag.StringVar(&f.cc, "cc", "", "of TestCell: congestion control")
	flag.DurationVar(&f.rtt, "rtt", 20*time.Millisecond, "of TestCell: round trip without queueing")
	flag.DurationVar(&f.jitter, "jitter", 0, "of TestCell: by how much a packet's delay differs, either way")
	flag.DurationVar(&f.time, "time", 10*time.Second, "of TestCell: how long each transfer is, in virtual time")
	flag.IntVar(&f.queue, "queue", 0, "of TestCell: in packets; default: one bandwidth-delay product, at least 100")
}

// TestCell measures one bulk transfer, for experiments, and checks that the same seeds give the same figures:
//
//	go test ./internal/simnet -run TestCell -loss 2% -rtt 80ms -reorder 1% -rate 100mbit -cc reno -seeds 5 -v
//	go test ./internal/simnet -run TestCell -loss 2% -rtt 80ms -pcapng /tmp/cell.pcapng -v
//
// The second form writes the packets of the first seed to a file.
func TestCell(t *testing.T) {
	f := &cellFlags
	plan, err := impair.Parse(strings.Join([]string{
		"loss=" + f.loss, "reorder=" + f.reorder, "late=" + f.late, "dup=" + f.dup, "rate=" + f.rate,
		"delay=" + (f.rtt / 2).String(), "jitter=" + f.jitter.String(), fmt.Sprintf("queue=%d", f.queue),
	}, ","))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := congestion.New(f.cc, congestion.Options{MSS: 1460, Initial: 10}); err != nil {
		t.Fatal(err)
	}
	first, count := seedRange(t, 2)
	plan.Seed = 2 * uint64(first)
	c := cell{path: plan, cc: f.cc, time: f.time, seeds: count}
	if *captureFlag != "" {
		c.record(t, *captureFlag)
	}
	y := c.measure(t)
	t.Logf("%v cc=%s, %v, mean of %d seeds:\n%v", plan, c.cc, c.time, c.seeds, y)
	if again := c.measure(t); again != y {
		t.Errorf("a second time: %v", again)
	}
}

// record writes the packets of the first seed to a file.
func (c cell) record(t *testing.T, file string) {
	t.Helper()
	w, err := capture.Create(file, capture.Config{})
	if err != nil {
		t.Fatal(err)
	}
	n := c.build(0)
	n.Capture(w)
	runFor(t, n, c.time)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}
