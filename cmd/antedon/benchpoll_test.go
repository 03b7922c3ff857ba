package main

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/antedon-net/antedon/internal/multiplex"
	"github.com/antedon-net/antedon/internal/netlab"
)

// TestBenchPoll measures for a moment. With --json there is one line for each case, with every figure, and what the report
// makes of the lines is what the command shows.
func TestBenchPoll(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	profiles := filepath.Join(p.stateDir, "profiles")
	args := []string{"bench", "poll", "--fds", "20,1100", "--active", "1,50%", "--rounds", "2", "--seconds", "0.001"}
	out := p.ok(append(args, "--json", "--profile", profiles)...)
	if n := strings.Count(out, "\n"); n != 16 {
		t.Errorf("%d lines, want 16:\n%s", n, out)
	}
	want := []string{"active", "bench", "event_ns", "fds", "poller", "ratio", "stack", "streams", "turn_us", "turns", "wide"}
	for line := range strings.Lines(out) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if got := slices.Sorted(maps.Keys(fields)); !slices.Equal(got, want) {
			t.Errorf("%s: fields %q, want %q", line, got, want)
		}
		if fields["bench"] != "poll" || fields["stack"] != "antedon" || fields["wide"] != (fields["poller"] == "select" && fields["fds"] == 1100.0) {
			t.Error(line)
		}
	}
	if files, err := os.ReadDir(profiles); err != nil || len(files) != 32 {
		t.Errorf("%d profiles, %v, want 32", len(files), err)
	}
	if out := p.ok(append(args, "--json", "--each")...); strings.Count(out, "\n") != 48 || strings.Count(out, `"round":2`) != 16 {
		t.Errorf("want 32 rounds and 16 summaries:\n%s", out)
	}
	if out := p.ok(append(args, "--each")...); strings.Count(out, ", round 2: ") != 16 || !strings.Contains(out, "µs a wake-up") {
		t.Errorf("want 16 lines of the second round, and a table:\n%s", out)
	}
	picture := filepath.Join(p.stateDir, "picture")
	if out := p.ok(append(args, "--markdown", "--svg", picture)...); strings.Count(out, "\n| 1100, ") != 2 || strings.Count(out, " * |") != 3 {
		t.Errorf("want two rows with 1100, and select marked in three:\n%s", out)
	}
	if b, err := os.ReadFile(picture); err != nil || !strings.Contains(string(b), "of 1,100 descriptors") {
		t.Errorf("%v, the picture is\n%s", err, b)
	}
	lines := filepath.Join(p.stateDir, "lines")
	if err := os.WriteFile(lines, []byte(out), 0o666); err != nil {
		t.Fatal(err)
	}
	if out := p.ok("bench", "report", lines, "--poll", picture+"2"); !strings.Contains(out, "1100, 550") {
		t.Errorf("the report is\n%s", out)
	}
	if b, err := os.ReadFile(picture + "2"); err != nil || !strings.Contains(string(b), "of 1,100 descriptors") {
		t.Errorf("%v, the picture of the report is\n%s", err, b)
	}
}

// TestBenchPollLimits: an ordinary user can measure too, and is told what the machine does not allow. With nothing allowed
// the command fails.
func TestBenchPollLimits(t *testing.T) {
	t.Parallel()
	asOrdinaryUsers(t, func(t *testing.T, u *netlab.Unprivileged) {
		self, err := u.Self(bounded(t))
		if err != nil {
			t.Fatal(err)
		}
		limited := func(args string) *program {
			sh := u.Command(bounded(t), "sh", "-c", `ulimit -n 300; exec "$0" bench poll --rounds 1 --seconds 0.001 `+args, self.Path)
			sh.Env = append(sh.Env, commandEnv...)
			return newProgram(t, sh).start()
		}
		out := limited("--fds 100,5000 --active 1 --json").ok()
		measured := 0
		for line := range strings.Lines(out) {
			var l multiplex.Line
			if err := json.Unmarshal([]byte(line), &l); err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			if refused := strings.Contains(l.Error, "RLIMIT_NOFILE is 300"); refused != (l.FDs == 5000) {
				t.Error(line)
			}
			if l.TurnUS > 0 {
				measured++
			}
		}
		if measured != 4 || strings.Count(out, "\n") != 8 {
			t.Errorf("%d of 8 lines are measured, want 4:\n%s", measured, out)
		}
		limited("--fds 5000 --active 1").fails(exitFailure, "antedon: bench poll: this machine does not allow 5000 descriptors, only 236")
	})
}
