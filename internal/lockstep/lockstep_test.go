package lockstep

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// open begins scripts: a peer without options but for the size of its segments.
const open = "passive <WND=65535><MSS=1000>\n"

// What a script does not say is noticed on either side.
func TestNotices(t *testing.T) {
	for _, c := range []struct{ name, steps, want string }{
		{"another number", open + `
			> <SEQ=1><ACK=1><DATA=100><CTL=ACK>
			< <SEQ=1><ACK=102><CTL=ACK>`, "ACK: got 101, want 102"},
		{"nothing", open + "< <SEQ=1><ACK=1><CTL=ACK>", "nothing was sent"},
		{"too much, before a step", open + `
			> <SEQ=1><ACK=1><DATA=100><CTL=ACK>
			> <SEQ=101><ACK=1><DATA=100><CTL=ACK>`, "nobody expected <SEQ=1>"},
		{"too much, at the end", open + "> <SEQ=1><ACK=1><DATA=100><CTL=ACK>", "nobody expected <SEQ=1>"},
		{"too much, meanwhile", open + `
			> <SEQ=1><ACK=1><CTL=FIN,ACK>
			sleep 100ms
			ignore
			write 100
			< <SEQ=1><ACK=2><DATA=100><CTL=ACK,PSH>
			sleep 250ms`, "nobody expected <SEQ=1>"},
		{"too late", open + `
			write 100
			< <SEQ=1><ACK=1><DATA=100><CTL=ACK,PSH>
			< <SEQ=1><ACK=1><DATA=100><CTL=ACK,PSH>`, "nothing was sent"},
		{"too early", open + `
			write 100
			< <SEQ=1><ACK=1><DATA=100><CTL=ACK,PSH>
			< 2s <SEQ=1><ACK=1><DATA=100><CTL=ACK,PSH>`, "ms already"},
		{"a wrong byte read", open + `
			> <SEQ=1><ACK=1><DATA=10><CTL=ACK>
			< <SEQ=1><ACK=11><CTL=ACK>
			read 5
			read 6`, "read 5 bytes"},
		{"another state", open + "state CLOSED", "the state is ESTABLISHED"},
		{"another error", open + "error ECONNRESET", "got error"},
		{"no connection", "listen\nwrite 3", "no connection yet"},
		{"no end", open + "eof", "read 0 bytes"},
		{"an open window", open + `
			> <SEQ=1><ACK=1><DATA=100><CTL=ACK>
			< <SEQ=1><ACK=101><WND=0><CTL=ACK>`, "WND: got"},
		{"another flow", open + `
			flow 1
			` + open + `
			flow 0
			> <SEQ=1><ACK=1><DATA=100><CTL=ACK>
			flow 1
			< <SEQ=1><ACK=101><CTL=ACK>`, "to port 5000"},
	} {
		t.Run(c.name, func(t *testing.T) {
			our, their := results(t, c.steps)
			for _, r := range []result{our, their} {
				if r.err == nil || !strings.Contains(r.err.Error(), c.want) {
					t.Errorf("%v: got %v, want %q", r.on, r.err, c.want)
				}
			}
		})
	}
}

// results plays steps to both sides.
func results(t *testing.T, text string) (our, their result) {
	t.Helper()
	s := Script{t.Name(), text}
	steps, err := s.parse()
	if err != nil {
		t.Fatal(err)
	}
	c, err := s.configure()
	if err != nil {
		t.Fatal(err)
	}
	return playOurs(steps, c), playKernel(steps, c)
}

// A difference in what the lines do not name is noticed.
func TestNoticesDifferences(t *testing.T) {
	const refused = `
		> <SEQ=0><WND=1000><CTL=SYN><MSS=1000><TS=10,0>
		< <SEQ=0><ACK=1><WND=0><CTL=RST,ACK>`
	steps, err := Script{t.Name(), refused}.parse()
	if err != nil {
		t.Fatal(err)
	}
	our, their := results(t, refused)
	if our.err != nil || their.err != nil {
		t.Fatal(our.err, their.err)
	}
	differences := compare(steps, our, their)
	if len(differences) != 2 || !strings.Contains(differences[0], "[nop nop ts]") || !strings.Contains(differences[1], "echoed") {
		t.Errorf("got %q", differences)
	}
	text := explain(steps, our, their, differences)
	for _, want := range []string{"3: < <SEQ=0>", "0.000 < <SEQ=0>", "| "} {
		if !strings.Contains(text, want) {
			t.Errorf("the message lacks %q:\n%s", want, text)
		}
	}
	names := regexp.MustCompile(`\S+\.pcapng`).FindAllString(text, -1)
	if len(names) != 2 {
		t.Fatalf("captures: %q", names)
	}
	for _, name := range names {
		b, err := os.ReadFile(filepath.Clean(name))
		if err != nil || len(b) < 200 || string(b[:4]) != "\x0a\x0d\x0d\x0a" {
			t.Errorf("%s has %d bytes, %v", name, len(b), err)
		}
		os.Remove(name)
	}
}

func TestParse(t *testing.T) {
	for _, c := range []struct{ steps, want string }{
		{"frobnicate", "no such step"},
		{"> <SEQ=one>", "invalid syntax"},
		{"< soonish <SEQ=1>", "invalid duration"},
		{"< <SEQ=1> y3", "input does not match"},
		{"read", "invalid syntax"},
		{"listen 3", "takes nothing"},
		{"ours: close", "has its reason in a comment above it"},
		{"# why\nours: close\nclose\nkernel: close", "has its reason in a comment above it"},
	} {
		if _, err := (Script{"script", c.steps}).parse(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: got %v, want %q", c.steps, err, c.want)
		}
	}
	if _, err := (Script{"script", "# why\nours: close\nkernel: close\n"}).parse(); err != nil {
		t.Error(err)
	}
}

// A player that is held up is noticed.
func TestPace(t *testing.T) {
	var c pace
	c.check(tolerance)
	c.resume(10 * tolerance)
	c.check(11 * tolerance)
	if c.isBroken() {
		t.Error("broken in time")
	}
	c.check(12*tolerance + 1)
	if !c.isBroken() {
		t.Error("a delay goes unnoticed")
	}
}
