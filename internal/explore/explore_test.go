package explore_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/antedon-net/antedon/internal/explore"
)

var (
	caseFlag  = flag.String("case", "", "run this case only, such as 3:lost,7:late")
	depthFlag = flag.Int("depth", 0, "how many packets are disturbed at a time; default: as many as each exchange says")
)

// TestExplore disturbs every packet and every pair of packets of every exchange.
//
//	go test ./internal/explore -run 'TestExplore/of/request/no_SACK' -case 3:lost,7:late -v
//	go test ./internal/explore -run 'TestExplore/of/simultaneous_close/default' -depth 3 -timeout 1h
func TestExplore(t *testing.T) {
	runs := 0
	var mu sync.Mutex
	t.Run("of", func(t *testing.T) {
		for _, x := range explore.Exchanges() {
			t.Run(x.Name, func(t *testing.T) {
				t.Parallel()
				if *caseFlag != "" {
					replay(t, x)
					return
				}
				stats, failure := x.Explore(depthOf(x))
				if failure != nil {
					t.Fatal(explain(t.Name(), x, failure))
				}
				if stats.Runs < stats.Packets*len(explore.Kinds()) {
					t.Errorf("%d runs for %d packets", stats.Runs, stats.Packets)
				}
				t.Logf("%d packets, %d runs; the longest took %v (%v)", stats.Packets, stats.Runs, stats.Longest, stats.Slowest)
				mu.Lock()
				defer mu.Unlock()
				runs += stats.Runs
			})
		}
	})
	t.Logf("%d runs", runs)
}

// depthOf returns how many packets of an exchange are disturbed at a time.
func depthOf(x *explore.Exchange) int {
	switch {
	case *depthFlag > 0:
		return *depthFlag
	case race:
		return 1
	}
	return x.Depth
}

// replay runs one case and keeps its packets.
func replay(t *testing.T, x *explore.Exchange) {
	t.Helper()
	c, err := explore.ParseCase(*caseFlag)
	if err != nil {
		t.Fatal(err)
	}
	file := captureFile(x)
	if err := x.Capture(c, file); err != nil {
		t.Error(err)
	}
	t.Logf("packets in %s", file)
}

// explain returns what there is to say about a failure: what went wrong, the command that repeats it, and its packets.
func explain(test string, x *explore.Exchange, f *explore.Failure) string {
	file := captureFile(x)
	if again := x.Capture(f.Case, file); again == nil || again.Error() != f.Err.Error() {
		file += fmt.Sprintf(" (not the same again: %v)", again)
	}
	return fmt.Sprintf("%v: %v\n\treproduce: go test ./internal/explore -run '^%s$' -case '%v' -v\n\tcapture:   %s",
		f.Case, f.Err, strings.ReplaceAll(test, "/", "$/^"), f.Case, file)
}

func captureFile(x *explore.Exchange) string {
	return filepath.Join(os.TempDir(), "antedon-explore-"+strings.NewReplacer("/", "-", " ", "-").Replace(x.Name)+".pcapng")
}

// TestFailure makes a limit too tight for one disturbance and checks that the exploration finds a case that exceeds it, and
// that the case fails the same way again.
func TestFailure(t *testing.T) {
	x := explore.Exchanges()[0]
	x.Limit = 500 * time.Millisecond
	_, failure := x.Explore(2)
	if failure == nil || len(failure.Case) != 1 {
		t.Fatalf("got %+v, want a failure of one disturbance", failure)
	}
	c, err := explore.ParseCase(failure.Case.String())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := x.Run(c); err == nil || err.Error() != failure.Err.Error() {
		t.Errorf("the same case again: got %v, want %v", err, failure.Err)
	}
	text := explain("Test/x", x, failure)
	for _, want := range []string{"-run '^Test$/^x$'", "-case '" + c.String() + "'", captureFile(x) + "\n"} {
		if !strings.Contains(text+"\n", want) {
			t.Errorf("%q is not in:\n%s", want, text)
		}
	}
	if info, err := os.Stat(captureFile(x)); err != nil || info.Size() < 1000 {
		t.Errorf("the capture: %v, %v", info, err)
	}
	os.Remove(captureFile(x))
}

func TestParseCase(t *testing.T) {
	for _, s := range []string{"", "0:lost", "3:swapped,7:late,12:echoed", "1:delayed,2:repeated"} {
		if c, err := explore.ParseCase(s); err != nil || c.String() != s {
			t.Errorf("ParseCase(%q): got %v, %v", s, c, err)
		}
	}
	for _, s := range []string{"x", "3", "3:gone", "lost:3", ","} {
		if c, err := explore.ParseCase(s); err == nil {
			t.Errorf("ParseCase(%q): got %v, want an error", s, c)
		}
	}
}
