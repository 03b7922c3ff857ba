package drill

import (
	"flag"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/antedon-net/antedon/lab/exp4"
	"github.com/antedon-net/antedon/wire"
)

var update = flag.Bool("update", false, "write testdata anew")

// exp4Conn is the name of a connection.
func exp4Conn(n uint16) exp4.Conn {
	return exp4.Conn{Src: netip.AddrPortFrom(ourAddr, firstPort+n), Dst: peer}
}

// A fake is a program in this process, with virtual time: for each call it says what is written behind the call's name.
type fake struct {
	answers map[string][]say
	out     chan exp4.Message
	end     chan struct{} // closed when it ends
	once    sync.Once
	first   string // the name of what it was told first
}

// say is one thing that a fake says: a call of that name, or a segment.
type say struct {
	after time.Duration
	flags exp4.Flags
	h     wire.TCP
	data  string
	spoil bool // the checksum
	cut   bool // the segment
	other bool // of another connection
	exit  bool // end instead
}

func newFake(answers map[string][]say) *fake {
	return &fake{answers: answers, out: make(chan exp4.Message, 100), end: make(chan struct{})}
}

func (f *fake) Connect() error { return nil }

func (f *fake) Close() error {
	f.once.Do(func() { close(f.out) })
	return nil
}

func (f *fake) Receive() (exp4.Message, error) {
	m, ok := <-f.out
	if !ok {
		return m, net.ErrClosed
	}
	return m, nil
}

// Send answers.
func (f *fake) Send(m *exp4.Message) error {
	if m.Tick {
		return nil
	}
	name := m.Flags.ToSDK()
	if f.first == "" {
		f.first = name
	}
	if m.Flags == exp4.Segment {
		if h, _, err := wire.ParseTCP(m.Bytes); err == nil {
			name = controls(h.Flags)
		}
	}
	go func() {
		for _, s := range f.answers[name] {
			<-time.After(s.after)
			if s.exit {
				close(f.end)
				return
			}
			conn := m.Conn
			if s.other {
				conn.Src = conn.Dst
			}
			f.out <- s.message(conn)
		}
	}()
	return nil
}

// The fake's initial sequence number.
const fakeISS = 7000

func (s *say) message(conn exp4.Conn) exp4.Message {
	if s.flags != exp4.Segment {
		return exp4.Message{Conn: conn, Flags: s.flags, Bytes: []byte(s.data)}
	}
	h := s.h
	h.SrcPort, h.DstPort = conn.Src.Port(), conn.Dst.Port()
	h.Window = fullWindow
	b := append(h.AppendTo(nil), s.data...)
	sum := wire.TransportChecksum(wire.PseudoSum(wire.ProtoTCP, conn.Src.Addr(), conn.Dst.Addr(), len(b)), b)
	if s.spoil {
		sum++
	}
	b[checksumAt], b[checksumAt+1] = byte(sum>>8), byte(sum)
	if s.cut {
		b = b[:checksumAt]
	}
	return exp4.Message{Conn: conn, Flags: exp4.Segment, Bytes: b}
}

// sent makes a segment of the fake; its numbers are relative to the SYNs.
func sent(flags wire.Flags, seq, ack uint32, data string) say {
	h := wire.TCP{Seq: fakeISS + seq, Flags: flags}
	if flags.Has(wire.ACK) {
		h.Ack = defaultIRS + ack
	}
	return say{flags: exp4.Segment, h: h, data: data}
}

func later(d time.Duration, s say) say { s.after = d; return s }

// playFake plays a script to a fake that knows these extensions.
func playFake(t *testing.T, script string, answers map[string][]say, extensions ...string) *Result {
	t.Helper()
	s, err := Parse("script", script)
	if err != nil {
		t.Fatal(err)
	}
	r := &Result{Name: s.Name, Title: s.Title, script: s}
	synctest.Test(t, func(t *testing.T) {
		f := newFake(answers)
		p := newProgram()
		p.serve(f, f.end)
		f.out <- exp4.Hello(extensions...)
		<-p.hello
		r.play(t.Context(), p)
		synctest.Wait()
		p.shut()
		if len(extensions) > 0 && f.first != "hello" {
			t.Errorf("the program was told %q before its hello was answered", f.first)
		}
	})
	return r
}

var (
	syn       = sent(wire.SYN, 0, 0, "")
	ackOfSYN  = sent(wire.ACK, 1, 1, "")
	connected = say{flags: exp4.Connect}
	received  = say{flags: exp4.Data, data: "hello"}
)

// handshake are the answers of a program that gets as far as that, and then some.
func handshake(more map[string][]say) map[string][]say {
	all := map[string][]say{"app_connect": {syn}, "SYN,ACK": {ackOfSYN, connected}}
	for name, says := range more {
		all[name] = says
	}
	return all
}

const greeting = "title A greeting\nestablish\n" +
	"rfc 9293 3.10.7.4 \"it must also acknowledge the receipt of the data\"\n" +
	"<-- <SEQ=IRS+1><ACK=ISS+1><CTL=ACK><DATA=\"hello\">\n" +
	"app_recv \"hello\"\n    ! The text goes to the application.\n" +
	"--> <SEQ=ISS+1><ACK=IRS+6><CTL=ACK>\n    ! Five bytes behind IRS+1.\n" +
	"app_send 3000\n" +
	"--> <SEQ=ISS+1><ACK=IRS+6><CTL=ACK><DATA=3000> in pieces of at most 1460\n" +
	"--> <SEQ=ISS+1><CTL=ACK><DATA=any> not before 1s within 10s\n" +
	"--> <SEQ=ISS+1><CTL=ACK><DATA=any> backs off within 10s\n" +
	"nothing but ACKs for 1s\n" +
	"app_peer_fin or --> <CTL=RST,ACK?>\n"

// data is what a fake has to say to app_send.
func data() []say {
	var t text
	t.low = 3000
	b := string(t.at(0))
	return []say{
		sent(wire.ACK|wire.PSH, 1, 6, b[:1460]), sent(wire.ACK, 1461, 6, b[1460:2920]), sent(wire.ACK, 2921, 6, b[2920:]),
		later(2*time.Second, sent(wire.ACK, 1, 6, b[:1460])), later(4*time.Second, sent(wire.ACK, 1, 6, b[:1000])),
		sent(wire.ACK, 3001, 6, ""), later(1500*time.Millisecond, sent(wire.RST, 3001, 0, "")),
	}
}

// TestPass: a script passes when all comes as it should.
func TestPass(t *testing.T) {
	r := playFake(t, greeting, handshake(map[string][]say{"ACK": {received, sent(wire.ACK, 1, 6, "")}, "app_send": data()}))
	if !r.OK {
		t.Error(written(r))
	}
}

// TestCalled: the drill can open connections, to programs that know of it; for others such a script is no failure.
func TestCalled(t *testing.T) {
	const script = "title Called\nincoming\nirs 4000000000\nestablish <MSS=1000>\napp_fin\n--> <SEQ=ISS+1><ACK=IRS+1><CTL=FIN,ACK>\n"
	synAck, fin := sent(wire.SYN|wire.ACK, 0, 0, ""), sent(wire.ACK|wire.FIN, 1, 0, "")
	synAck.h.Ack, fin.h.Ack = 4000000001, 4000000001
	answers := map[string][]say{"peer_connect": {synAck}, "ACK": {{flags: exp4.PeerConnect}}, "app_fin": {fin}}
	r := playFake(t, script, answers, exp4.Incoming)
	if !r.OK || r.Skipped {
		t.Error(written(r))
	}
	states := ""
	for _, l := range r.Conversation {
		states += l.A + " " + l.B + "\n"
	}
	const want = "SYN-RECEIVED SYN-SENT\nSYN-RECEIVED ESTABLISHED\nESTABLISHED ESTABLISHED\nESTABLISHED ESTABLISHED\nESTABLISHED ESTABLISHED\nFIN-WAIT-1 ESTABLISHED\n"
	if states != want {
		t.Errorf("got\n%swant\n%s", states, want)
	}
	if r = playFake(t, script, answers); !r.OK || !r.Skipped || written(r) != "skip  script: Called\n" {
		t.Error(written(r))
	}
}

// TestFailures: what is read when something goes wrong.
func TestFailures(t *testing.T) {
	good := []say{received, sent(wire.ACK, 1, 6, "")}
	d := data()
	for _, tt := range []struct {
		name    string
		answers map[string][]say
	}{
		{"no-syn", nil},
		{"syn-with-ack", map[string][]say{"app_connect": {sent(wire.SYN|wire.ACK, 0, 0, "")}}},
		{"wrong-checksum", map[string][]say{"app_connect": {{flags: exp4.Segment, h: syn.h, spoil: true}}}},
		{"not-a-segment", map[string][]say{"app_connect": {{flags: exp4.Segment, h: syn.h, cut: true}}}},
		{"syn-with-text", map[string][]say{"app_connect": {{flags: exp4.Segment, h: wire.TCP{Flags: wire.SYN, Options: wire.TCPOptions{HasMSS: true}}, data: "text"}}}},
		{"wrong-text", handshake(map[string][]say{"ACK": {{flags: exp4.Data, data: "hellO"}}})},
		{"not-acknowledged", handshake(map[string][]say{"ACK": {received, sent(wire.ACK, 1, 1, "")}})},
		{"acknowledged-too-much", handshake(map[string][]say{"ACK": {received, later(time.Second, sent(wire.ACK, 1, 7, ""))}})},
		{"reset", handshake(map[string][]say{"ACK": {{flags: exp4.RST}}})},
		{"dies", handshake(map[string][]say{"ACK": {{exit: true}}})},
		{"too-long", handshake(map[string][]say{"ACK": good, "app_send": {sent(wire.ACK, 1, 6, d[0].data+d[1].data)}})},
		{"wrong-place", handshake(map[string][]say{"ACK": good, "app_send": {sent(wire.ACK, 1, 6, d[1].data)}})},
		{"more-than-written", handshake(map[string][]say{"ACK": good, "app_send": {d[0], d[1], sent(wire.ACK, 2921, 6, d[2].data+"!")}})},
		{"too-early", handshake(map[string][]say{"ACK": good, "app_send": {d[0], d[1], d[2], later(500*time.Millisecond, d[0])}})},
		{"no-back-off", handshake(map[string][]say{"ACK": good, "app_send": {d[0], d[1], d[2], d[3], later(2*time.Second, d[0])}})},
		{"not-silent", handshake(map[string][]say{"ACK": good, "app_send": {d[0], d[1], d[2], d[3], d[4], {flags: exp4.Release}}})},
		{"strays", map[string][]say{"app_connect": {{flags: exp4.Greet, data: "network_exp4"}, {flags: exp4.Greet, data: "no hello"}, {flags: exp4.Release, other: true}}}},
		{"flood", map[string][]say{"app_connect": slices.Repeat([]say{sent(wire.ACK, 0, 0, "")}, mostLines+10)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := playFake(t, greeting, tt.answers)
			got := written(r)
			file := filepath.Join("testdata", tt.name+".txt")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil || got != string(want) || r.OK {
				t.Errorf("%v, got\n%s\nwant\n%s", err, got, want)
			}
		})
	}
}

// TestColours: on a terminal the verdict is coloured, and a program's output commands nothing.
func TestColours(t *testing.T) {
	r := playFake(t, greeting, nil)
	r.Output = "\x1b[2Jboo"
	var b strings.Builder
	if err := r.WriteText(&b, true); err != nil {
		t.Fatal(err)
	}
	if got := b.String(); !strings.HasPrefix(got, red+"FAIL"+plain) || !strings.Contains(got, "program: ?[2Jboo") {
		t.Errorf("got %q", got)
	}
}
