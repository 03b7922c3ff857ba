package tcptest

import (
	"fmt"
	"os"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/antedon-net/antedon/tcp"
)

// double stands for the test that a script fails.
type double struct {
	testing.TB
	message string
	cleanup []func()
}

func (d *double) Helper()          {}
func (d *double) Failed() bool     { return d.message != "" }
func (d *double) Cleanup(f func()) { d.cleanup = append(d.cleanup, f) }
func (d *double) Fatal(args ...any) {
	d.message = fmt.Sprint(args...)
	runtime.Goexit()
}

func (d *double) Fatalf(format string, args ...any) {
	d.message = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

// failure returns with what message a script fails.
func failure(script func(t testing.TB)) string {
	d := &double{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			for _, f := range d.cleanup {
				f()
			}
		}()
		script(d)
	}()
	<-done
	return d.message
}

// A failure says what was got and wanted, what went before, and leaves a capture.
func TestFailure(t *testing.T) {
	for _, c := range []struct {
		name   string
		script func(t testing.TB)
		want   []string
	}{
		{"wrong segment", func(t testing.TB) {
			s := New(t, Established, Setup{})
			s.Recv("<SEQ=1><ACK=1><DATA=100><CTL=ACK>")
			s.Expect("<SEQ=1><ACK=102><CTL=ACK>")
		}, []string{"ACK: got 101, want 102", "> <SEQ=1><ACK=1><WND=10000><DATA=100><CTL=ACK>"}},
		{"nothing sent", func(t testing.TB) { New(t, Established, Setup{}).Expect("<SEQ=1><CTL=ACK>") }, []string{"nothing sent"}},
		{"something sent", func(t testing.TB) {
			s := New(t, Established, Setup{})
			s.Write(1)
			s.ExpectNone()
		}, []string{"want nothing"}},
		{"something left", func(t testing.TB) { New(t, Established, Setup{}).Write(1) }, []string{"nobody expected"}},
		{"wrong state", func(t testing.TB) { New(t, Established, Setup{}).ExpectState(tcp.StateClosed) }, []string{"got state ESTABLISHED, want CLOSED"}},
		{"leak", func(t testing.TB) { New(t, Established, Setup{}).Env().Pool.Get(1) }, []string{"leaks 512 bytes"}},
	} {
		got := failure(c.script)
		for _, want := range append(c.want, "\nstate ", "\ncapture: ") {
			if !strings.Contains(got, want) {
				t.Errorf("%s: the message lacks %q:\n%s", c.name, want, got)
			}
		}
		name := regexp.MustCompile(`capture: (.*\.pcapng)`).FindStringSubmatch(got)
		if name == nil {
			t.Fatalf("%s: no capture:\n%s", c.name, got)
		}
		b, err := os.ReadFile(name[1])
		if err != nil || len(b) < 200 || string(b[:4]) != "\x0a\x0d\x0d\x0a" {
			t.Errorf("%s: the capture has %d bytes, %v", c.name, len(b), err)
		}
		os.Remove(name[1])
	}
}

func TestStarts(t *testing.T) {
	want := []tcp.State{
		tcp.StateSynSent, tcp.StateSynReceived, tcp.StateSynReceived, tcp.StateEstablished, tcp.StateEstablished,
		tcp.StateFinWait1, tcp.StateFinWait2, tcp.StateCloseWait, tcp.StateClosing, tcp.StateLastAck,
		tcp.StateTimeWait, tcp.StateTimeWait,
	}
	for start := SynSent; start <= ClosedTimeWait; start++ {
		t.Run(start.String(), func(t *testing.T) { New(t, start, Setup{}).ExpectState(want[start]) })
	}
}

// A byte in the wrong place is noticed.
func TestPairNotices(t *testing.T) {
	got := failure(func(t testing.TB) {
		p := NewPair(t, PairSetup{Path: func(_, n int, seg *tcp.Segment) (f Fate) {
			if n > 20 && len(seg.Payload) > 0 {
				seg.Payload[0] ^= 1
			}
			return f
		}})
		p.Ends[0].ToSend = 100_000
		p.Run()
	})
	if !strings.Contains(got, "is wrong") || !strings.Contains(got, ".pcapng") {
		t.Errorf("got %q", got)
	}
	os.Remove(regexp.MustCompile(`\S*\.pcapng`).FindString(got))
}
