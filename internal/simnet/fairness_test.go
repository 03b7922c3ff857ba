package simnet

import (
	"flag"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/antedon-net/antedon/link/impair"
	"github.com/antedon-net/antedon/tcp"
	"github.com/antedon-net/antedon/tcp/congestion"
)

// bottleneck is a link that several flows share, each from a host of its own to one host.
type bottleneck struct {
	flows []flow
	rate  int64
	queue int // packets
	seed  uint64
}

// flow is a bulk transfer.
type flow struct {
	cc  string
	rtt time.Duration
}

// use is what flows make of a bottleneck.
type use struct {
	goodput     []float64 // bits per second
	sum         float64
	wait        time.Duration // in the queue, on average
	loss        float64       // of the packets given to the link
	retransmits uint64
}

// What a measurement leaves out, and how long it is. Flows begin one after the other, as they do in life.
const (
	sharingBegins = time.Second / 10 // a flow after the one before it
	sharingWarmUp = 10 * time.Second
	sharingTime   = 20 * time.Second
)

// build returns the network: host 0 receives. Round trips differ by a little jitter, so that no flow's packets find the queue
// full time and again because they come in step with those of another.
func (b *bottleneck) build() *Net {
	s := &Scenario{MTU: 1500, Hosts: make([]HostPlan, 1+len(b.flows)), Links: []LinkPlan{{b.rate, b.queue}}}
	for i, f := range b.flows {
		s.Hosts[i+1] = HostPlan{TCP: tcp.Config{Congestion: f.cc}, Secret: uint64(i + 1)}
		plan := impair.Plan{Delay: f.rtt / 2, Jitter: 200 * time.Microsecond, Seed: 100*b.seed + 2*uint64(i)}
		there := PathPlan{From: i + 1, To: 0, Link: 1, Plan: plan}
		plan.Seed++
		s.Paths = append(s.Paths, there, PathPlan{From: 0, To: i + 1, Plan: plan})
		talk := bulk(1 << 40)
		talk.From, talk.To, talk.At, talk.Seed = i+1, 0, time.Duration(i)*sharingBegins, uint64(i)
		s.Talks = append(s.Talks, talk)
	}
	return s.Build()
}

// measure runs the flows and returns what each got once all were under way.
func (b *bottleneck) measure(t *testing.T) (u use) {
	t.Helper()
	n := b.build()
	runFor(t, n, sharingWarmUp)
	before := make([]uint64, len(b.flows))
	for i, k := range n.talks {
		before[i] = k.ends[1].app.in.read
	}
	runFor(t, n, sharingTime)
	for i, k := range n.talks {
		rate := float64(k.ends[1].app.in.read-before[i]) * 8 / sharingTime.Seconds()
		u.goodput = append(u.goodput, rate)
		u.sum += rate
		u.retransmits += k.ends[0].said.repeats
	}
	packets, dropped, wait := n.links[0].Stats()
	u.wait, u.loss = wait, float64(dropped)/float64(packets)
	return u
}

// jain returns Jain's index of fairness: 1 if all got the same, 1/n if one of n got everything.
func (u *use) jain() float64 {
	squares := 0.0
	for _, x := range u.goodput {
		squares += x * x
	}
	return u.sum * u.sum / (float64(len(u.goodput)) * squares)
}

const sharedRate = 30_000_000

// queueOf returns a queue of a part of the bandwidth-delay product, in packets.
func queueOf(rtt time.Duration, part float64) int {
	return max(int(part*sharedRate*rtt.Seconds()/8/1500), 4)
}

// TestFairness compares with testdata how two flows share a bottleneck: of the same algorithm and of different ones, with
// equal round trips and with different ones.
//
//	go test ./internal/simnet -run TestFairness -update
func TestFairness(t *testing.T) {
	lines := []string{
		fmt.Sprintf("# two flows through %d Mbit/s: shares of the goodput over %v, after %v", sharedRate/1_000_000, sharingTime, sharingWarmUp),
		fmt.Sprintf("%-12s %-10s %-9s %12s %10s %9s %7s %12s", "algorithms", "rtt", "queue", "shares", "used", "wait", "drops", "retransmits"),
	}
	rtts := [][2]time.Duration{{20, 20}, {80, 80}, {20, 80}}
	pairs := algorithmPairs()
	if race {
		rtts, pairs = rtts[:1], pairs[:1]
	}
	for _, cc := range pairs {
		for _, rtt := range rtts {
			for _, part := range []float64{1, 0.25} {
				a, b := rtt[0]*time.Millisecond, rtt[1]*time.Millisecond
				x := bottleneck{rate: sharedRate, queue: queueOf(max(a, b), part), flows: []flow{{cc[0], a}, {cc[1], b}}}
				u := x.measure(t)
				share := u.goodput[0] / u.sum
				lines = append(lines, fmt.Sprintf("%-12s %-10s %-9s %12s %10s %9v %7s %12d", cc[0]+"/"+cc[1], fmt.Sprintf("%d/%d ms", rtt[0], rtt[1]),
					fmt.Sprintf("%g BDP", part), fmt.Sprintf("%.0f:%.0f", 100*share, 100*(1-share)),
					fmt.Sprintf("%.1f%%", 100*u.sum/sharedRate), u.wait.Round(10*time.Microsecond), fmt.Sprintf("%.2f%%", 100*u.loss), u.retransmits))
			}
		}
	}
	checkGolden(t, "fairness", lines)
}

// algorithmPairs returns each algorithm with itself and with each other one.
func algorithmPairs() (pairs [][2]string) {
	names := congestion.Names()
	for i, a := range names {
		for _, b := range names[i:] {
			pairs = append(pairs, [2]string{a, b})
		}
	}
	return pairs
}

// TestEightFlows compares with testdata how eight flows of an algorithm share a bottleneck, and checks that they do so evenly.
// BBR's first version is known not to: each flow measures what the others leave, and those that began with more keep it.
func TestEightFlows(t *testing.T) {
	lines := []string{
		fmt.Sprintf("# eight flows through %d Mbit/s, %v, after %v", sharedRate/1_000_000, sharingTime, sharingWarmUp),
		fmt.Sprintf("%-10s %-6s %-9s %12s %10s %9s %7s %12s", "algorithm", "rtt", "queue", "Jain's index", "used", "wait", "drops", "retransmits"),
	}
	rtts, names := []time.Duration{20 * time.Millisecond, 80 * time.Millisecond}, congestion.Names()
	if race {
		rtts, names = rtts[:1], names[:1]
	}
	for _, cc := range names {
		for _, rtt := range rtts {
			for _, part := range []float64{1, 0.25} {
				x := bottleneck{rate: sharedRate, queue: queueOf(rtt, part)}
				for range 8 {
					x.flows = append(x.flows, flow{cc, rtt})
				}
				u := x.measure(t)
				lines = append(lines, fmt.Sprintf("%-10s %-6v %-9s %12.3f %10s %9v %7s %12d", cc, rtt, fmt.Sprintf("%g BDP", part), u.jain(),
					fmt.Sprintf("%.1f%%", 100*u.sum/sharedRate), u.wait.Round(10*time.Microsecond), fmt.Sprintf("%.2f%%", 100*u.loss), u.retransmits))
				if j := u.jain(); cc != "bbr" && j < 0.9 {
					t.Errorf("%s: Jain's index is %.3f, want 0.9: %.0f", cc, j, u.goodput)
				}
			}
		}
	}
	checkGolden(t, "eightflows", lines)
}

var flowsFlag = flag.String("flows", "@20ms,@80ms", "of TestShare: algorithm and round trip of each flow")

// TestShare measures flows through one bottleneck, for experiments; -rate, -queue and -seed are as for TestCell:
//
//	go test ./internal/simnet -run TestShare -flows cubic@20ms,reno@80ms -rate 50mbit -queue 100 -v
func TestShare(t *testing.T) {
	plan, err := impair.Parse("rate=" + cellFlags.rate)
	if err != nil {
		t.Fatal(err)
	}
	x := bottleneck{rate: plan.Rate, queue: cellFlags.queue, seed: uint64(max(*seedFlag, 0))}
	for f := range strings.SplitSeq(*flowsFlag, ",") {
		cc, rtt, _ := strings.Cut(f, "@")
		d, err := time.ParseDuration(rtt)
		if _, e := congestion.New(cc, congestion.Options{MSS: 1460, Initial: 10}); e != nil || err != nil {
			t.Fatalf("-flows: %q: %v, %v; want algorithm@round trip", f, e, err)
		}
		x.flows = append(x.flows, flow{cc, d})
	}
	u := x.measure(t)
	for i, f := range x.flows {
		t.Logf("%s %v: %.2f Mbit/s, %.1f%%", f.cc, f.rtt, u.goodput[i]/1e6, 100*u.goodput[i]/u.sum)
	}
	t.Logf("Jain's index %.3f, %.1f%% used, %v wait, %.2f%% drops", u.jain(), 100*u.sum/float64(x.rate), u.wait, 100*u.loss)
	if u.sum > float64(x.rate) {
		t.Error("more got through than the link carries")
	}
}
