package table

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/lab/exp4"
	"github.com/antedon-net/antedon/wire"
)

var (
	local  = netip.MustParseAddr("10.7.0.1")
	remote = netip.MustParseAddrPort("10.7.0.2:80")
	first  = exp4.Conn{Src: netip.AddrPortFrom(local, 61084), Dst: remote}
	second = exp4.Conn{Src: netip.AddrPortFrom(local, 61085), Dst: remote}
)

// bench is a table under test, with a clock.
type bench struct {
	*testing.T
	*Table
	now mono.Time
}

func newBench(t *testing.T, cfg Config) *bench {
	b := &bench{t, New(cfg), 1}
	b.Attach(b.now, 0, nil)
	b.want("report SDK 1 said hello")
	return b
}

// want drains the table and compares what it says with the lines, of which empty ones are left out.
func (b *bench) want(lines ...string) {
	b.Helper()
	var got []string
	for a, ok := b.Next(); ok; a, ok = b.Next() {
		got = append(got, describe(&a))
	}
	if !slices.Equal(got, lines) {
		b.Errorf("got\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(lines, "\n\t"))
	}
}

func describe(a *Action) string {
	switch a.Kind {
	case ToSDK:
		return fmt.Sprintf("%s %d %s %q", a.Message.Flags.ToSDK(), a.SDK, a.Message.Conn.Src.String()[len("10.7.0.1:"):], a.Message.Bytes)
	case Transmit:
		h, text, _ := wire.ParseTCP(a.Message.Bytes)
		return fmt.Sprintf("transmit %d>%d %s seq %d %q", h.SrcPort, h.DstPort, h.Flags, h.Seq, text)
	case Report:
		return "report " + a.Text
	}
	s := fmt.Sprintf("%s %d", map[ActionKind]string{Read: "read", Pause: "pause", Write: "write", Shutdown: "shutdown", Close: "close", Reset: "reset", Dial: "dial"}[a.Kind], a.App)
	if len(a.Bytes) > 0 {
		s += fmt.Sprintf(" %q", a.Bytes)
	}
	return s
}

// accept captures a connection for app, whose name must be the one given.
func (b *bench) accept(app App, want exp4.Conn) {
	b.Helper()
	name, ok := b.Accept(b.now, app, 0, local, remote)
	if !ok || name != want {
		b.Fatalf("got %v, %v, want %v", name, ok, want)
	}
	b.want(fmt.Sprintf("app_connect 0 %d \"\"", want.Src.Port()))
}

func (b *bench) say(flags exp4.Flags, name exp4.Conn, text string) {
	b.FromSDK(b.now, 0, &exp4.Message{Conn: name, Flags: flags, Bytes: []byte(text)})
}

// open brings a connection to where both sides may talk.
func (b *bench) open(app App, name exp4.Conn) {
	b.Helper()
	b.accept(app, name)
	b.say(exp4.Connect, name, "")
	b.want(fmt.Sprintf("read %d", app))
}

// segment returns a segment of a connection with a right checksum.
func segment(from, to netip.AddrPort, flags wire.Flags, ack uint32, text string) []byte {
	h := wire.TCP{SrcPort: from.Port(), DstPort: to.Port(), Seq: 1000, Ack: ack, Flags: flags}
	b := append(h.AppendTo(nil), text...)
	sum := wire.TransportChecksum(wire.PseudoSum(wire.ProtoTCP, from.Addr(), to.Addr(), len(b)), b)
	b[16], b[17] = byte(sum>>8), byte(sum)
	return b
}

// TestLife: a connection from its beginning to its end, as the course's figure has it.
func TestLife(t *testing.T) {
	b := newBench(t, Config{Piece: 4})
	b.accept(1, first)
	syn := segment(first.Src, first.Dst, wire.SYN, 0, "")
	b.say(exp4.Segment, first, string(syn))
	b.want(`transmit 61084>80 SYN seq 1000 ""`)
	answer := segment(first.Dst, first.Src, wire.SYN|wire.ACK, 1001, "")
	b.FromWire(b.now, first, answer)
	b.want(fmt.Sprintf("tcp_rx 0 61084 %q", answer))
	b.say(exp4.Connect, first, "")
	b.want("read 1")
	b.AppBytes(b.now, 1, []byte("hello, you"))
	b.want(`app_send 0 61084 "hell"`, `app_send 0 61084 "o, y"`, `app_send 0 61084 "ou"`)
	b.say(exp4.Data, first, "hi")
	b.want(`write 1 "hi"`)
	b.AppFIN(b.now, 1)
	b.AppFIN(b.now, 1)
	b.want(`app_fin 0 61084 ""`)
	b.say(exp4.FIN, first, "")
	b.want("shutdown 1")
	b.say(exp4.Release, first, "")
	b.want("close 1")
	if c := b.Counters(); b.Len() != 0 || c.Accepted != 1 || c.Connected != 1 || c.Released != 1 || c.Ended != 1 || c.Mistakes != 0 {
		t.Errorf("got %+v", c)
	}
	b.say(exp4.Data, first, "late")
	b.AppBytes(b.now, 1, []byte("late"))
	b.want()
}

// TestResets: whoever resets, the other side is told, and the connection is gone.
func TestResets(t *testing.T) {
	b := newBench(t, Config{})
	b.open(1, first)
	b.AppReset(b.now, 1)
	b.want(`app_rst 0 61084 ""`)
	b.FromWire(b.now, first, segment(first.Dst, first.Src, wire.ACK, 5, ""))
	b.want() // the SDK's RST is under way
	b.open(2, second)
	b.say(exp4.RST, second, "")
	b.want("reset 2")
	if c := b.Counters(); c.AppResets != 1 || c.PeerResets != 1 || c.Stray != 1 || b.Len() != 0 {
		t.Errorf("got %+v", c)
	}
}

// TestMemory: segments of a connection that has ended may be sent for a minute, by who had it.
func TestMemory(t *testing.T) {
	b := newBench(t, Config{})
	b.Attach(b.now, 1, nil)
	b.want("report SDK 2 said hello")
	b.open(1, first)
	b.say(exp4.Release, first, "")
	b.want("close 1")
	ack := string(segment(first.Src, first.Dst, wire.ACK, 7, ""))
	b.now = b.now.Add(59 * time.Second)
	b.Tick(b.now)
	b.say(exp4.Segment, first, ack)
	b.want(`transmit 61084>80 ACK seq 1000 ""`)
	b.FromSDK(b.now, 1, &exp4.Message{Conn: first, Flags: exp4.Segment, Bytes: []byte(ack)})
	b.want("report SDK 2: tcp_tx for a connection that is not its own, or no more")
	b.now = b.now.Add(2 * time.Second)
	b.Tick(b.now)
	b.say(exp4.Segment, first, ack)
	b.say(exp4.Segment, first, ack)
	b.want("report SDK 1: tcp_tx for a connection that is not its own, or no more") // once
	if c := b.Counters(); c.ForeignSegments != 3 || c.Sent != 1 || len(b.ended) != 0 {
		t.Errorf("got %+v, %d remembered", c, len(b.ended))
	}
}

// TestLost: connections of an SDK that is lost are reset, on both sides; those of others are not.
func TestLost(t *testing.T) {
	b := newBench(t, Config{})
	b.Attach(b.now, 1, nil)
	b.want("report SDK 2 said hello")
	b.open(1, first)
	if _, ok := b.Accept(b.now, 2, 1, local, remote); !ok {
		t.Fatal("not accepted")
	}
	b.want(`app_connect 1 61085 ""`)
	b.Detach(b.now, 0, "its socket is closed")
	b.want("reset 1", "report SDK 1 is gone: its socket is closed; its 1 connection is reset")
	b.FromWire(b.now, first, segment(first.Dst, first.Src, wire.ACK|wire.PSH, 77, "data"))
	b.want(`transmit 61084>80 RST seq 77 ""`)
	b.FromWire(b.now, first, segment(first.Dst, first.Src, wire.RST|wire.ACK, 77, ""))
	b.want() // a reset is not answered
	b.FromWire(b.now, second, []byte("whatever it is"))
	b.want(`tcp_rx 1 61085 "whatever it is"`)
	if _, ok := b.Accept(b.now, 3, 0, local, remote); ok {
		t.Error("accepted without an SDK")
	}
	b.want("report no SDK is attached: the connection to 10.7.0.2:80 is reset")
	b.Detach(b.now, 0, "again")
	b.say(exp4.Connect, first, "")
	b.want()
	if c := b.Counters(); c.BeforeHello != 1 || c.NoSDK != 1 || c.Refused != 1 {
		t.Errorf("got %+v", c)
	}
}

// TestHelloAgain: a second hello drops the connections of before. What both know of extensions is answered.
func TestHelloAgain(t *testing.T) {
	b := newBench(t, Config{})
	b.open(1, first)
	b.Attach(b.now, 0, []string{"incoming"})
	b.want("reset 1", "report SDK 1 said hello; its 1 earlier connection is reset",
		fmt.Sprintf("hello 0 %s %q", exp4.Hello().Conn.Src.String()[len("10.7.0.1:"):], "network_exp4"))
}

// TestPorts: of the pool each remote end sees a port once, and recently used ones last.
func TestPorts(t *testing.T) {
	b := newBench(t, Config{FirstPort: 61084, Ports: 3, Memory: time.Minute})
	take := func(app App, dst netip.AddrPort) uint16 {
		name, _ := b.Accept(b.now, app, 0, local, dst)
		for _, ok := b.Next(); ok; _, ok = b.Next() {
		}
		return name.Src.Port()
	}
	other := netip.MustParseAddrPort("10.7.0.3:80")
	got := []uint16{take(1, remote), take(2, remote), take(3, remote), take(4, remote), take(5, other)}
	if want := []uint16{61084, 61085, 61086, 0, 61084}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	b.AppReset(b.now, 2)
	b.now = b.now.Add(time.Second)
	b.AppReset(b.now, 3)
	if got := take(6, remote); got != 61085 && got != 61086 {
		t.Errorf("got %d, want one of those that are free, though recent", got)
	}
	if c := b.Counters(); c.NoPort != 1 {
		t.Errorf("got %+v, want one refusal", c)
	}
}

// TestSlowApplication: only the connection whose application does not read suffers.
func TestSlowApplication(t *testing.T) {
	text, ack := segment(first.Dst, first.Src, wire.ACK, 1, "text"), segment(first.Dst, first.Src, wire.ACK, 1, "")
	fin, rst := segment(first.Dst, first.Src, wire.ACK|wire.FIN, 9, ""), segment(first.Dst, first.Src, wire.RST, 9, "")
	b := newBench(t, Config{SoftLimit: 10, HoldLimit: 3 * len(text), HardLimit: 100})
	b.open(1, first)
	b.open(2, second)
	b.AppWaiting(b.now, 1, 11)
	b.FromWire(b.now, first, text)
	b.want()
	b.FromWire(b.now, first, ack) // it is needed for what we send
	b.FromWire(b.now, second, text)
	b.want(fmt.Sprintf("tcp_rx 0 61084 %q", ack), fmt.Sprintf("tcp_rx 0 61085 %q", text))
	b.FromWire(b.now, first, fin) // not before the text
	b.want()
	b.FromWire(b.now, first, rst)
	b.want(fmt.Sprintf("tcp_rx 0 61084 %q", rst))
	b.AppWaiting(b.now, 1, 10)
	b.want(fmt.Sprintf("tcp_rx 0 61084 %q", text), fmt.Sprintf("tcp_rx 0 61084 %q", fin))
	b.FromWire(b.now, first, text)
	b.want(fmt.Sprintf("tcp_rx 0 61084 %q", text))
	b.AppWaiting(b.now, 1, 11)
	b.FromWire(b.now, first, fin) // behind what the SDK has already
	b.want(fmt.Sprintf("tcp_rx 0 61084 %q", fin))
	for range 4 {
		b.FromWire(b.now, first, text)
	}
	b.AppWaiting(b.now, 1, 11)
	b.want()
	b.AppWaiting(b.now, 1, 0)
	b.want(fmt.Sprintf("tcp_rx 0 61084 %q", text), fmt.Sprintf("tcp_rx 0 61084 %q", text), fmt.Sprintf("tcp_rx 0 61084 %q", text))
	b.AppWaiting(b.now, 1, 101)
	b.want("report SDK 1: 10.7.0.1:61084 > 10.7.0.2:80: 0 MiB wait for an application that does not read: reset",
		"reset 1", `app_rst 0 61084 ""`)
	if c := b.Counters(); c.HeldBack != 5 || c.HeldDropped != 1 || c.Overflows != 1 {
		t.Errorf("got %+v", c)
	}
}

// TestReclaim: what is done and never released ends after a silence, not before.
func TestReclaim(t *testing.T) {
	b := newBench(t, Config{Idle: 10 * time.Second})
	b.open(1, first)
	b.AppFIN(b.now, 1)
	b.want(`app_fin 0 61084 ""`)
	b.now = b.now.Add(time.Hour)
	b.Tick(b.now)
	b.want() // the peer has not ended
	b.say(exp4.FIN, first, "")
	b.want("shutdown 1")
	b.now = b.now.Add(9 * time.Second)
	b.Tick(b.now)
	b.want()
	b.now = b.now.Add(time.Second)
	b.Tick(b.now)
	b.want("close 1", "report SDK 1 has never released 10.7.0.1:61084 > 10.7.0.2:80: done after 10s of silence")
}

// TestMistakes: each is counted, and told once.
func TestMistakes(t *testing.T) {
	b := newBench(t, Config{})
	b.accept(1, first)
	for range 2 {
		b.say(exp4.Data, first, "early")
		b.say(0x123, first, "")
		b.say(exp4.Segment, first, "short")
		b.FromSDK(b.now, 0, &exp4.Message{Tick: true})
	}
	b.want("report SDK 1: app_recv was called before app_connected", "report SDK 1: flags 0x123 is no call",
		"report SDK 1: tcp_tx with what is no segment: "+parseError("short"), "report SDK 1: a tick is for the driver to send")
	b.say(exp4.Connect, first, "")
	b.say(exp4.Connect, first, "")
	b.say(exp4.FIN, first, "")
	b.say(exp4.FIN, first, "")
	b.say(exp4.Data, first, "more")
	b.want("read 1", "report SDK 1: app_connected was called twice", "shutdown 1", "report SDK 1: app_peer_fin was called twice",
		"report SDK 1: app_recv was called after app_peer_fin")
	b.say(exp4.Segment, first, string(segment(second.Src, second.Dst, wire.SYN, 0, "")))
	wrong := segment(first.Src, first.Dst, wire.SYN, 0, "")
	wrong[16]++
	b.say(exp4.Segment, first, string(wrong))
	b.want("report SDK 1: tcp_tx with the ports of another connection", "report SDK 1: tcp_tx with a wrong checksum",
		`transmit 61084>80 SYN seq 1000 ""`)
	if c := b.Counters(); c.Mistakes != 13 || c.BadSent != 1 || c.ForeignSegments != 3 {
		t.Errorf("got %+v", c)
	}
}

func parseError(s string) string {
	_, _, err := wire.ParseTCP([]byte(s))
	return err.Error()
}

// FuzzTable: whatever anybody says, no connection is told anything after its end, and none is both kept and gone.
func FuzzTable(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13})
	f.Fuzz(func(t *testing.T, script []byte) {
		b := &bench{t, New(Config{Ports: 2, SoftLimit: 4, HoldLimit: 60, HardLimit: 8, HalfOpen: 2}), 1}
		live := map[App]bool{}
		for i, op := range script {
			b.step(op, App(i), live)
			for a, ok := b.Next(); ok; a, ok = b.Next() {
				switch a.Kind {
				case Dial:
					live[a.App] = true
				case Close, Reset:
					if !live[a.App] {
						t.Fatalf("%v: connection %d ends twice", script[:i+1], a.App)
					}
					delete(live, a.App)
				case Read, Pause, Write, Shutdown:
					if !live[a.App] {
						t.Fatalf("%v: connection %d is told something after its end", script[:i+1], a.App)
					}
				}
			}
			ringing := 0
			for _, p := range b.attached {
				if ringing += p.ringing.Len(); p.ringing.Len() > 2 {
					t.Fatalf("%v: %d connections are half open", script[:i+1], p.ringing.Len())
				}
			}
			if len(live)+ringing != b.Len() || b.Len() != len(b.byName) {
				t.Fatalf("%v: %d live, %d half open, %d and %d kept", script[:i+1], len(live), ringing, b.Len(), len(b.byName))
			}
		}
	})
}

// step does what a byte stands for.
func (b *bench) step(op byte, fresh App, live map[App]bool) {
	var app App // one that begins soon after the op chooses
	for a := range b.byApp {
		if app == 0 || (a^App(op>>4)) < (app^App(op>>4)) {
			app = a
		}
	}
	name := first
	if c := b.byApp[app]; c != nil {
		name = c.name
	}
	if !live[app] { // an application that is not there yet says nothing
		app = 0
	}
	sdk := SDK(op >> 7)
	switch op & 15 {
	case 0:
		b.Attach(b.now, sdk, []string{exp4.Incoming}[:op>>6&1])
	case 1:
		b.Detach(b.now, sdk, "fuzz")
	case 2, 3:
		if _, ok := b.Accept(b.now, fresh+1, sdk, local, remote); ok {
			live[fresh+1] = true
		}
	case 4:
		b.AppBytes(b.now, app, []byte("abc"))
	case 5:
		b.AppFIN(b.now, app)
	case 6:
		if live[app] {
			delete(live, app)
			b.AppReset(b.now, app)
		}
	case 7:
		b.AppWaiting(b.now, app, int(op>>4))
	case 15:
		b.call(fresh+1, sdk, netip.AddrPortFrom(remote.Addr(), 40000+uint16(op>>4&3)))
	case 8:
		b.FromWire(b.now, name, segment(name.Dst, name.Src, wire.ACK, 1, "t"))
	case 9:
		b.now = b.now.Add(time.Duration(op) * time.Second)
		b.Tick(b.now)
	default:
		flags := []exp4.Flags{exp4.Connect, exp4.Data, exp4.FIN, exp4.RST, exp4.Release}[op&15-10]
		if op&0x20 != 0 {
			flags = map[exp4.Flags]exp4.Flags{exp4.Connect: exp4.PeerConnect, exp4.Data: exp4.Segment}[flags]
		}
		b.FromSDK(b.now, sdk, &exp4.Message{Conn: name, Flags: flags, Bytes: segment(name.Src, name.Dst, wire.ACK, 1, "t")})
	}
}
