package main

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
)

// TestBenchAlone runs the benchmarks that need nobody else, for a moment. With --json there is one line for each case, with
// every figure.
func TestBenchAlone(t *testing.T) {
	p := newPlace(t)
	for _, tt := range []struct {
		args   []string
		lines  int
		fields []string
	}{
		{[]string{"core", "--megabytes", "2", "--rounds", "1"}, 2, []string{"gbps", "memmove_ratio", "order", "ratio", "wire"}},
		{[]string{"core", "--megabytes", "2", "--rounds", "2", "--wire"}, 2, []string{"gbps", "memmove_ratio", "order", "ratio", "wire"}},
		{[]string{"idle", "--conns", "2000"}, 1, []string{"bytes_per_conn", "conn_s", "heap_per_conn", "ratio", "resident_per_conn"}},
	} {
		out := p.ok(append(append([]string{"bench"}, tt.args...), "--json")...)
		if n := strings.Count(out, "\n"); n != tt.lines {
			t.Errorf("%q: %d lines, want %d:\n%s", tt.args, n, tt.lines, out)
		}
		for line := range strings.Lines(out) {
			var fields map[string]any
			if err := json.Unmarshal([]byte(line), &fields); err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			want := append([]string{"bench", "stack", "streams"}, tt.fields...)
			if got := slices.Sorted(maps.Keys(fields)); !slices.Equal(got, slices.Sorted(slices.Values(want))) {
				t.Errorf("%s: fields %q, want %q", line, got, want)
			}
			if fields["bench"] != tt.args[0] || fields["stack"] != "antedon" {
				t.Errorf("%s: want bench %s of antedon", line, tt.args[0])
			}
		}
		if out := p.ok(append([]string{"bench"}, tt.args...)...); strings.Count(out, "\n") != tt.lines {
			t.Errorf("%q says\n%s", tt.args, out)
		}
	}
	out := p.ok("bench", "core", "--megabytes", "1", "--rounds", "1", "--stack", "antedon,kernel", "--json")
	if strings.Count(out, "\n") != 3 || strings.Count(out, `"error":`) != 1 || !strings.Contains(out, `"stack":"kernel"`) {
		t.Errorf("with the kernel:\n%s", out)
	}
	out = p.ok("bench", "idle", "--conns", "1000", "--stack", "antedon,kernel,gvisor", "--json")
	if strings.Count(out, "\n") != 3 || strings.Count(out, `"error":`) != 1 || !strings.Contains(out, `"stack":"kernel","streams":1000`) {
		t.Errorf("with the kernel and gVisor:\n%s", out)
	}
}
