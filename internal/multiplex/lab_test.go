package multiplex

import (
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestExperiments: each shows what it says, more than once in a process, and leaves the limits and descriptors as they were.
func TestExperiments(t *testing.T) {
	if _, err := allow(pollCrowd); err != nil {
		t.Fatal(err)
	}
	before := nextDescriptor(t)
	var limit, after unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		for _, e := range Experiments() {
			o, err := e.Run()
			if err != nil || !o.OK {
				t.Errorf("%s: %v, %+v", e.Name, err, o)
			}
			for _, s := range o.Seen {
				if !s.OK || s.What == "" || s.Got == "" {
					t.Errorf("%s: %+v", e.Name, s)
				}
			}
			for what, text := range map[string]string{"does": e.Does, "expect": e.Expect, "why": e.Why} {
				if text == "" || strings.TrimSpace(text) != text {
					t.Errorf("%s: %s is %q", e.Name, what, text)
				}
			}
		}
	}
	if got := nextDescriptor(t); got != before {
		t.Errorf("the next descriptor is %d, was %d: some are left open", got, before)
	}
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &after); err != nil || after != limit {
		t.Errorf("the limit is %+v, %v, was %+v", after, err, limit)
	}
}

// nextDescriptor returns the lowest number that is free.
func nextDescriptor(t *testing.T) int {
	t.Helper()
	fd, err := unix.FcntlInt(0, unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	unix.Close(fd)
	return fd
}

// TestOutcome: what is not as it should be is seen to be so.
func TestOutcome(t *testing.T) {
	o := Outcome{OK: true}
	o.see("like", 1, 1)
	o.note("any", 7)
	if !o.OK {
		t.Errorf("%+v: not OK", o)
	}
	o.see("unlike", 1, 2)
	o.see("like", 2, 2)
	if o.OK || o.Seen[2].OK || !o.Seen[3].OK || o.Seen[2].Want != "2" {
		t.Errorf("%+v: want the third not OK, and so all", o)
	}
}

// TestEdgeDiffers: the experiment would fail if edges were levels, and levels edges.
func TestEdgeDiffers(t *testing.T) {
	for _, p := range []Poller{EpollLT, EpollEdge} {
		o := Outcome{OK: true}
		err := with(p.want(), edgeTaken, func(r *reader) error { return o.tell(r, edgeBytes, "", 3, 0) })
		if err != nil || o.OK != (p == EpollLT) {
			t.Errorf("%s: %v, %+v", p, err, o)
		}
	}
}
