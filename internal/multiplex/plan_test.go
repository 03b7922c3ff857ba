package multiplex

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestRun measures a little: every case has a line for each round and one summary, whose figures can be true.
func TestRun(t *testing.T) {
	dir := t.TempDir()
	plan := Plan{
		FDs: []int{7, 1200}, Active: []Share{{Count: 1}, {Percent: 10}, {Percent: 100}}, Rounds: 2, Time: time.Millisecond, Profile: dir,
	}
	type which struct {
		Poller
		fds, active int
	}
	lines := make(map[which][]Line)
	steps := 0
	err := plan.Run(context.Background(), func() { steps++ }, func(l Line) {
		w := which{l.Poller, l.FDs, l.Active}
		lines[w] = append(lines[w], l)
	})
	if err != nil {
		t.Fatal(err)
	}
	if steps != plan.Steps() {
		t.Errorf("%d steps, want %d", steps, plan.Steps())
	}
	cases := []struct{ fds, active int }{{7, 1}, {7, 7}, {1200, 1}, {1200, 120}, {1200, 1200}} // a tenth of 7 is 1 again
	if want := len(cases) * len(Pollers); len(lines) != want {
		t.Errorf("%d cases, want %d", len(lines), want)
	}
	for _, c := range cases {
		for _, p := range Pollers {
			got := lines[which{p, c.fds, c.active}]
			if len(got) != 3 || got[0].Round != 1 || got[1].Round != 2 || got[2].Round != 0 {
				t.Errorf("%v, %s: %+v, want two rounds and a summary", c, p, got)
				continue
			}
			sum := got[2]
			if sum.TurnUS <= 0 || sum.EventNS <= 0 || sum.Ratio <= 0 || sum.Error != "" || sum.Streams != c.fds {
				t.Errorf("%+v", sum)
			}
			if p == EpollLT && sum.Ratio != 1 {
				t.Errorf("%+v: compared with itself it is not 1", sum)
			}
			if want := p == Select && c.fds == 1200; sum.Wide != want {
				t.Errorf("%+v: want wide %t", sum, want)
			}
			most := 1.0
			if strings.HasPrefix(string(p), "epoll") && c.active == 1200 {
				most = 3 // 512 in each
			}
			if sum.Turns != most {
				t.Errorf("%+v: %v turns, want %v", sum, sum.Turns, most)
			}
		}
	}
	files, err := filepath.Glob(filepath.Join(dir, "poll-*.pprof"))
	if want := 2 * len(cases) * len(Pollers); err != nil || len(files) != want {
		t.Errorf("%d profiles, %v, want %d", len(files), err, want)
	}
	if info, err := os.Stat(filepath.Join(dir, "poll-epoll-et-1200-120-2.pprof")); err != nil || info.Size() == 0 {
		t.Errorf("no profile: %v", err)
	}
}

// TestLimit: what the machine does not allow is told of with its reason, for every case, and the rest is measured.
func TestLimit(t *testing.T) {
	var old unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &old); err != nil {
		t.Fatal(err)
	}
	const impossible = 1 << 31 // above what fs.nr_open can be
	var refused, measured []Line
	err := Plan{FDs: []int{2, impossible}, Active: []Share{{Count: 1}}, Pollers: []Poller{Poll, EpollLT}, Rounds: 1, Time: time.Millisecond}.
		Run(context.Background(), func() {}, func(l Line) {
			switch {
			case l.Error != "":
				refused = append(refused, l)
			case l.Round == 0:
				measured = append(measured, l)
			}
		})
	if err != nil || len(measured) != 2 || len(refused) != 2 {
		t.Fatalf("%v, measured %+v, refused %+v, want two of each", err, measured, refused)
	}
	for _, l := range refused {
		if l.FDs != impossible || l.TurnUS != 0 || !strings.Contains(l.Error, "does not allow 2147483648 descriptors") || !strings.Contains(l.Error, "RLIMIT_NOFILE") {
			t.Errorf("%+v", l)
		}
	}
	var now unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &now); err != nil || now.Cur < old.Cur || now.Max < old.Max {
		t.Errorf("limits are %+v, %v, were %+v", now, err, old)
	}
}

func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := (Plan{FDs: []int{2}}).Run(ctx, func() {}, func(Line) {}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// TestGauge: who is ready is told of, once by an edge, and nobody else is.
func TestGauge(t *testing.T) {
	c, err := openCrowd(101)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	for _, p := range Pollers {
		g, err := newGauge(c, p)
		if err != nil {
			t.Fatal(err)
		}
		for range 30 {
			if turns, _, err := g.run(17); err != nil || turns != 1 || g.events != 17 {
				t.Fatalf("%s: %d turns, %d events, %v, want 1 and 17", p, turns, g.events, err)
			}
			chosen := c.deal[c.next-17 : c.next]
			for i, seen := range g.seen {
				if got, want := seen == g.occasion, slices.Contains(chosen, i); got != want {
					t.Fatalf("%s: descriptor %d told of: %t, want %t", p, i, got, want)
				}
			}
		}
		g.loop.Close()
	}
}

func TestParse(t *testing.T) {
	for in, want := range map[string]string{"epoll": "epoll-lt,epoll-et", "poll, select,poll": "poll,select", "kqueue": "", "": ""} {
		if got, err := ParsePollers(in); Join(got) != want || (err == nil) != (want != "") {
			t.Errorf("%q: got %v, %v, want %q", in, got, err, want)
		}
	}
	for in, want := range map[string]int{"1": 1, "300": 200, "10%": 20, "0.1%": 1, "100%": 200} {
		s, err := ParseShare(in)
		if err != nil || s.of(200) != want || s.String() != in {
			t.Errorf("%q: got %v, %d, %v, want %d", in, s, s.of(200), err, want)
		}
	}
	for _, in := range []string{"", "0", "-1", "0%", "101%", "NaN%", "half"} {
		if s, err := ParseShare(in); err == nil {
			t.Errorf("%q: got %v", in, s)
		}
	}
}
