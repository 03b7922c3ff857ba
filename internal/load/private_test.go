package load

import (
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"github.com/antedon-net/antedon/internal/netlab"
)

// leavesNothing checks that what the test does leaves the network and the processes as they were.
func leavesNothing(t *testing.T) {
	t.Helper()
	before, err := netlab.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for start := time.Now(); ; runtime.Gosched() {
			after, err := netlab.Snapshot()
			if err != nil {
				t.Fatal(err)
			}
			if after == before {
				return
			}
			if time.Since(start) > limit {
				t.Fatalf("not as before:\n%s", netlab.Diff(before, after))
			}
		}
	})
}

// TestPrivate loads a real server behind a real kernel, in every mode, from many addresses.
func TestPrivate(t *testing.T) {
	const conns = 2000
	// all were opened, though on a slow machine some so late that they count as repeated
	all := func(r *Report) bool {
		return r.Tried == conns && r.Opened > 0 && r.Opened+r.Repeated >= conns && r.Handshake.Count == int64(r.Opened)
	}
	for _, tt := range []struct {
		name  string
		plan  Plan
		until func(*Report) bool // ends the load; nil leaves that to itself
		check func(*Report) bool
	}{
		{"connect", Plan{Mode: Connect, Conns: conns}, nil, all},
		{"connect IPv6", Plan{Mode: Connect, Conns: conns, IPv6: true}, nil, all},
		{"connect and FIN", Plan{Mode: Connect, Conns: conns, FIN: true}, nil,
			func(r *Report) bool { return all(r) && r.Closed >= conns }},
		{"request", Plan{Mode: Request, Conns: conns, Request: get("/")}, nil,
			func(r *Report) bool {
				return all(r) && r.Answered >= conns && r.Answer.Count == int64(r.Answered) && r.Bytes > conns*answerLen
			}},
		{"hold", Plan{Mode: Hold, Conns: conns}, func(r *Report) bool { return r.Probes >= 2*conns },
			func(r *Report) bool { return all(r) && r.Open == r.Opened && r.Probes >= 2*conns }},
		{"churn", Plan{Mode: Churn}, func(r *Report) bool { return r.Opened >= 2*conns },
			func(r *Report) bool { return r.Opened >= 2*conns }},
		{"flood", Plan{Mode: SYNFlood}, func(r *Report) bool { return r.Opened >= 10*conns },
			func(r *Report) bool {
				return r.Opened >= 10*conns && r.Honest != nil && r.Honest.Tried > 0 && r.Kernel["SyncookiesSent"] > conns
			}},
		{"slow read", Plan{Mode: SlowRead, Conns: 200, Request: get("/large")}, func(r *Report) bool { return r.Probes >= 600 },
			func(r *Report) bool {
				return r.Opened > 0 && r.Closed == 0 && r.Bytes > 200*64 && r.Bytes < 200*largeLen/10 && r.Answered == 0
			}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			leavesNothing(t)
			ctx, cancel := bounded(t)
			p := tt.plan
			p.Rate, p.Time, p.Start, p.Port, p.Command = 2000, limit, limit, 8080, serverCommand(t, ":8080")
			if p.Mode == SYNFlood {
				p.Rate = 50_000
			}
			r, err := Private(ctx, p, func(r *Report) {
				if tt.until != nil && tt.until(r) {
					cancel()
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			if !tt.check(r) || r.Interrupted != (tt.until != nil) || r.Refused != 0 || !r.Private {
				t.Errorf("got %+v", *r)
			}
		})
	}
}

// TestServerEnds: a server that does not come, or goes, ends the load, and what it said last is told.
func TestServerEnds(t *testing.T) {
	self := strings.Join(serverCommand(t, ":8080"), " ")
	for _, tt := range []struct {
		name  string
		shell string
		path  string
		want  string
	}{
		{"at once", "echo first; echo no licence >&2; exit 3", "/", "sh has ended (exit status 3): no licence"},
		{"silently", "exit 0", "/", "sh has ended (exit status 0)"},
		{"elsewhere", strings.Replace(self, ":8080", "127.0.0.1:8080", 1), "/", "sh does not listen on 10.7.0.1:8080, or on all addresses"},
		{"later", "exec " + self, "/exit", "sh has ended (exit status 7): told to go"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			leavesNothing(t)
			ctx, _ := bounded(t)
			start := limit
			if tt.name == "elsewhere" {
				start = time.Second
			}
			_, err := Private(ctx, Plan{
				Mode: SlowRead, Request: get(tt.path), Rate: 100, Time: limit, Start: start, Port: 8080, Command: []string{"sh", "-c", tt.shell},
			}, nil)
			if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

// TestTimeLimit: a load ends when its time is over, whatever the server does.
func TestTimeLimit(t *testing.T) {
	ctx, _ := bounded(t)
	r, err := Private(ctx, Plan{
		Mode: Hold, Conns: 10, Rate: 100, Time: 300 * time.Millisecond, Start: limit, Port: 8080, Command: serverCommand(t, ":8080"),
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if r.Elapsed < 300*time.Millisecond || r.Interrupted || r.Tried == 0 {
		t.Errorf("got %+v", *r)
	}
}

// TestAlone: nothing is sent from a namespace that has a way out.
func TestAlone(t *testing.T) {
	lab, err := netlab.New(netlab.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer lab.Close()
	if err := checkAlone(lab); err != nil {
		t.Errorf("a namespace as it is made: %v", err)
	}
	err = lab.Do(func() error {
		attrs := netlink.NewLinkAttrs()
		attrs.Name = "way-out"
		if err := netlink.LinkAdd(&netlink.Veth{LinkAttrs: attrs, PeerName: "out"}); err != nil {
			return err
		}
		l, err := netlink.LinkByName("way-out")
		if err != nil {
			return err
		}
		return netlink.LinkSetUp(l)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := checkAlone(lab); !errors.Is(err, errNotAlone) || !strings.Contains(err.Error(), "way-out") {
		t.Errorf("got %v, want it to name the way out", err)
	}
}
