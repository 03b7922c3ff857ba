package main

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/antedon-net/antedon/internal/contest"
	"github.com/antedon-net/antedon/internal/netlab"
)

// TestBenchEcho measures all servers for a moment: there is a line for each, with every figure, and --each adds the rounds. Nothing
// is left behind.
func TestBenchEcho(t *testing.T) {
	p := newPlace(t)
	before := p.snapshot()
	short := []string{"bench", "echo", "--conns", "60", "--active", "7", "--seconds", "0.05"}
	out := p.ok(append(short, "--rounds", "2", "--each", "--json")...)
	want := []string{"active", "api", "bench", "both_cpu_us", "cpu_us", "ratio", "request_s", "resident_per_conn", "slab_per_conn", "stack", "streams"}
	seen := make(map[string]int)
	for line := range strings.Lines(out) {
		var fields map[string]any
		var l contest.EchoLine
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		delete(fields, "round")
		if got := slices.Sorted(maps.Keys(fields)); !slices.Equal(got, want) {
			t.Errorf("%s: fields %q, want %q", line, got, want)
		}
		if l.Bench != "echo" || l.Streams != 60 || l.Active != 7 || l.Ratio <= 0 || l.Rate <= 0 || l.CPU <= 0 || l.BothCPU <= l.CPU {
			t.Error(line)
		}
		kind := " round"
		if l.Round == 0 {
			kind = " summary"
		}
		seen[l.Server().String()+kind]++
	}
	for _, s := range contest.EchoServers {
		if seen[s.String()+" round"] != 2 || seen[s.String()+" summary"] != 1 {
			t.Errorf("%v: %d rounds and %d summaries, want 2 and 1", s, seen[s.String()+" round"], seen[s.String()+" summary"])
		}
	}
	table := p.ok(append(short, "--rounds", "1", "--server", "antedon-reactor,kernel-net", "--markdown")...)
	if strings.Count(table, "\n") != 4 || !strings.Contains(table, "| antedon | reactor | ") || strings.Count(table, " | - | ") != 2 {
		t.Errorf("the table is\n%s", table)
	}
	p.expect(before)
	sh := p.other("sh", "-c", `ulimit -n 300; exec "$0" bench echo --conns 1000`, self(t))
	sh.Env = append(sh.Environ(), commandEnv...)
	sh.start().fails(exitFailure, "antedon: bench echo: this machine does not allow 1000 connections of one process, only 236 (ulimit -Hn)\n")
}

// TestBenchEchoUnprivileged: an ordinary user can measure too, with and without a TUN node.
func TestBenchEchoUnprivileged(t *testing.T) {
	asOrdinaryUsers(t, func(t *testing.T, u *netlab.Unprivileged) {
		cmd, err := u.Self(bounded(t), "bench", "echo", "--conns", "20", "--active", "2", "--seconds", "0.02", "--rounds", "1", "--json")
		if err != nil {
			t.Fatal(err)
		}
		cmd.Env = append(cmd.Env, commandEnv...)
		if out := newProgram(t, cmd).start().ok(); strings.Count(out, "\n") != 5 {
			t.Errorf("got %q, want five lines", out)
		}
	})
}
