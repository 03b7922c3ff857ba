package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/antedon-net/antedon/internal/netlab"
)

// TestLabPoll: the experiments show what they say, to people and to programs.
func TestLabPoll(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	all := p.ok("lab", "poll")
	for _, want := range []string{
		"== select past 1,024 descriptors ==", "== poll with 15,000 descriptors ==", "== level against edge, when a reader does not drain ==",
		"  ok   the first descriptor that it refuses: 1024\n", "\nWhat it does\n  It opens 1,100 sockets", "\nWhy\n  A level says",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("no %q in\n%s", want, all)
		}
	}
	if strings.Contains(all, "FAIL") {
		t.Errorf("something was not seen:\n%s", all)
	}
	if out := p.ok("lab", "poll", "edge"); !strings.HasPrefix(out, "== level against edge") || strings.Count(out, "\n== ") != 0 {
		t.Errorf("one experiment alone:\n%s", out)
	}
	var names []string
	for line := range strings.Lines(p.ok("lab", "poll", "all", "--json")) {
		names = append(names, checkLabLine(t, line))
	}
	if want := []string{"select", "poll", "edge"}; !slices.Equal(names, want) {
		t.Errorf("experiments %q, want %q", names, want)
	}
}

// checkLabLine checks a line of JSON, and returns the experiment's name.
func checkLabLine(t *testing.T, line string) string {
	t.Helper()
	var l struct {
		Lab, Experiment, Title, Does, Expect, Why string

		OK   bool
		Seen []struct {
			What, Got, Want string
			OK              bool
		}
	}
	if err := json.Unmarshal([]byte(line), &l); err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	if l.Lab != "poll" || !l.OK || len(l.Seen) < 5 || l.Title == "" || l.Does == "" || l.Expect == "" || l.Why == "" || strings.Contains(line, `"error"`) {
		t.Error(line)
	}
	for _, s := range l.Seen {
		if s.What == "" || !s.OK || s.Want != "" && s.Want != s.Got {
			t.Errorf("%s: %+v", l.Experiment, s)
		}
	}
	return l.Experiment
}

// TestLabPollUnprivileged: an ordinary user can make the experiments; where too few files may be open they say so and fail.
func TestLabPollUnprivileged(t *testing.T) {
	t.Parallel()
	u, err := netlab.NewUnprivileged(netlab.NodeAbsent)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { u.Close() })
	self, err := u.Self(bounded(t))
	if err != nil {
		t.Fatal(err)
	}
	limited := func(files, args string) *program {
		sh := u.Command(bounded(t), "sh", "-c", "ulimit -n "+files+`; exec "$0" lab poll `+args, self.Path)
		sh.Env = append(sh.Env, commandEnv...)
		return newProgram(t, sh).start()
	}
	if out := limited("4096", "all --json").ok(); strings.Count(out, "\n") != 3 || !strings.Contains(out, "this machine does not allow 15000 descriptors, only 4032") {
		t.Errorf("with 4096 open files:\n%s", out)
	}
	p := limited("500", "all")
	p.fails(exitFailure, "antedon: lab poll: not seen as it should be: select, poll\n")
	if out := p.stdout.String(); strings.Count(out, "  FAIL it came to an end: this machine does not allow") != 2 {
		t.Errorf("with 500 open files:\n%s", out)
	}
}
