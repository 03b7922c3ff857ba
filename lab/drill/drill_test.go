package drill

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// TestGo: Go's TCP passes every script, the least that carries connections those of the base.
func TestGo(t *testing.T) {
	for _, tt := range []struct{ pkg, scripts string }{
		{"../../sdk/go/reference", "all"},
		{"../../sdk/go/byhand", "base"},
	} {
		t.Run(filepath.Base(tt.pkg), func(t *testing.T) {
			t.Parallel()
			results, err := Run(t.Context(), built(t, tt.pkg), mustFind(t, tt.scripts))
			if err != nil {
				t.Fatal(err)
			}
			for i := range results {
				if r := &results[i]; !r.OK || r.Skipped {
					t.Error(written(r))
				}
			}
			checkCapture(t, results)
		})
	}
}

// checkCapture checks that all segments can be written to a file, and results as JSON.
func checkCapture(t *testing.T, results []Result) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "drill.pcapng")
	if err := WriteCapture(name, results); err != nil {
		t.Fatal(err)
	}
	if fi, err := os.Stat(name); err != nil || fi.Size() < int64(200*len(results)) {
		t.Errorf("the capture: %v, %v", fi, err)
	}
	b, err := json.Marshal(results[0])
	var back Result
	if err != nil || json.Unmarshal(b, &back) != nil || back.Name != results[0].Name || len(back.Conversation) == 0 {
		t.Errorf("got %s, %v", b, err)
	}
}

// TestVariants: who makes a mistake is told which one, by the script that is about it, and passes others.
func TestVariants(t *testing.T) {
	var wg sync.WaitGroup
	for _, tt := range []struct{ name, fails, why, passes string }{
		{"wrong-checksum", "syn", "expected: the checksum 0x", ""},
		{"no-timeout", "retransmission", "Nothing was acknowledged, so send it again", "fast-retransmit"},
		{"no-fast-retransmit", "fast-retransmit", "ISS+1 is missing: send it now", "retransmission"},
		{"no-out-of-order", "early-and-kept", "The hole is filled", "early"},
		{"no-verification", "bad-checksum", "It must neither reach the application", "receive"},
		{"no-flow-control", "window", "SND.UNA+SND.WND is ISS+1001", "long-text"},
		{"wraps-wrongly", "wrap", "Compare numbers by their difference", "receive"},
		{"receives-twice", "duplicate", "The application must not get them a second time", "send"},
		{"one-connection", "two-connections", "connection 2]", "both-ways"},
		{"deaf-to-resets", "reset", "Tell the application, and forget the connection", "reset-out-of-window"},
		{"fin-not-counted", "passive-close", "Acknowledge the FIN, which has taken the number IRS+1", "receive"},
		{"crashes-at-fin", "passive-close", "seen: the program ended: exit status 1", "handshake"},
	} {
		cfg, fails := pythonVariant(t, tt.name), mustFind(t, tt.fails)
		var passes []*Script
		if tt.passes != "" {
			passes = mustFind(t, tt.passes)
		}
		wg.Go(func() { // not t.Parallel: they wait more than they compute
			results, err := Run(t.Context(), cfg, fails)
			if err != nil {
				t.Errorf("%s: %v", tt.name, err)
				return
			}
			// Explanations are broken into lines.
			if got := written(&results[0]); results[0].OK || !strings.Contains(normal(got), tt.why) {
				t.Errorf("%s: got\n%s\nwant %q", tt.name, got, tt.why)
			}
			if results, err = Run(t.Context(), cfg, passes); err != nil || len(results) > 0 && !results[0].OK {
				t.Errorf("%s: %v\n%s", tt.name, err, written(&results[0]))
			}
		})
	}
	wg.Wait()
}

// TestStuck: for a program that does not even send a SYN not every script is played twice, and what comes after the first
// failures is short.
func TestStuck(t *testing.T) {
	t.Parallel()
	scripts := mustFind(t, "base")[:12]
	cfg := built(t, "../../sdk/go/template")
	cfg.Jobs = 3
	told := ""
	cfg.Progress = func(r *Result) { told += r.Name + "\n" }
	results, err := Run(t.Context(), cfg, scripts)
	if err != nil {
		t.Fatal(err)
	}
	alone, want := 0, ""
	for i := range results {
		r := &results[i]
		want += r.Name + "\n"
		if r.OK || !strings.HasPrefix(r.Failure.Seen, "nothing within ") {
			t.Error(written(r))
		}
		if r.Alone {
			alone++
		}
	}
	if alone == 0 || alone > cfg.Jobs {
		t.Errorf("%d scripts were played again, want %d at most", alone, cfg.Jobs)
	}
	if told != want {
		t.Errorf("got\n%s, want\n%s", told, want)
	}
	var b strings.Builder
	if err := results[0].WriteLine(&b, false); err != nil || b.String() != "FAIL  syn: The first segment is a SYN\n      line 7: expected <SEQ=ISS><CTL=SYN>; seen: nothing within 5s\n" {
		t.Errorf("got %q, %v", b.String(), err)
	}
}

// TestNoProgram: what is no SDK is said so, with what it printed.
func TestNoProgram(t *testing.T) {
	cfg := Config{Argv: []string{"sh", "-c", "echo no TCP; exit 7"}, Dir: "/"}
	_, err := Run(t.Context(), cfg, mustFind(t, "base"))
	var no *NoHello
	if !errors.As(err, &no) || !strings.Contains(err.Error(), "ended before its hello: exit status 7") || no.Output != "no TCP\n" {
		t.Errorf("got %v", err)
	}
}
