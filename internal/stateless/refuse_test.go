package stateless

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/antedon-net/antedon/tcp"
	"github.com/antedon-net/antedon/wire"
)

func TestCheck(t *testing.T) {
	for _, tt := range []struct {
		name string
		edit func(*Config)
		want string
	}{
		{"loopback", func(c *Config) { c.From = netip.MustParsePrefix("127.0.0.0/8") }, "nobody has"},
		{"around loopback", func(c *Config) { c.From = netip.MustParsePrefix("126.0.0.0/7") }, "nobody has"},
		{"all", func(c *Config) { c.From = netip.MustParsePrefix("0.0.0.0/0") }, "nobody has"},
		{"class E", func(c *Config) { c.From = netip.MustParsePrefix("240.0.0.0/8") }, "nobody has"},
		{"multicast", func(c *Config) { c.From = netip.MustParsePrefix("224.0.0.0/4") }, "nobody has"},
		{"link-local", func(c *Config) { c.From = netip.MustParsePrefix("fe80::/64") }, "nobody has"},
		{"mapped", func(c *Config) { c.From = netip.MustParsePrefix("::ffff:1.2.3.0/120") }, "no prefix"},
		{"none", func(c *Config) { c.From = netip.Prefix{} }, "no prefix"},
		{"family", func(c *Config) { c.From = from6 }, "one family"},
		{"contains", func(c *Config) { c.From = netip.MustParsePrefix("10.0.0.0/8") }, "contains the target"},
		{"port", func(c *Config) { c.Target = netip.AddrPortFrom(target4.Addr(), 0) }, "cannot be a target"},
		{"no rate", func(c *Config) { c.Rate = 0 }, "rate 0"},
		{"rate", func(c *Config) { c.Rate = MaxRate + 1 }, "rate 1000001"},
		{"request", func(c *Config) { c.Request = make([]byte, MaxRequest+1) }, "at most 1024"},
		{"no request", func(c *Config) { c.Mode, c.Request = SlowRead, nil }, "no request"},
		{"room", func(c *Config) { c.Mode, c.From, c.Conns = Hold, netip.MustParsePrefix("198.18.0.1/32"), 70000 }, "room for 64512"},
		{"mode", func(c *Config) { c.Mode = 99 }, "mode 99"},
	} {
		cfg := config(Connect)
		tt.edit(&cfg)
		if _, err := New(cfg); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want ...%s...", tt.name, err, tt.want)
		}
	}
	for _, mode := range []Mode{Connect, Request, Hold, SYNFlood, SlowRead} {
		if _, err := New(config(mode)); err != nil {
			t.Errorf("%v: %v", mode, err)
		}
	}
}

// segment returns a segment from the target to one of our addresses.
func segment(dst netip.AddrPort, h wire.TCP, text int) []byte {
	h.SrcPort, h.DstPort = target4.Port(), dst.Port()
	b := append(h.AppendTo(nil), make([]byte, text)...)
	binary.BigEndian.PutUint16(b[16:], wire.TransportChecksum(wire.PseudoSum(wire.ProtoTCP, target4.Addr(), dst.Addr(), len(b)), b))
	ip := wire.IPv4{TTL: 64, Proto: wire.ProtoTCP, Src: target4.Addr(), Dst: dst.Addr()}
	return append(ip.AppendTo(nil, len(b)), b...)
}

// TestForged: whoever has not seen our SYN cannot answer it, and nothing is sent to those who try.
func TestForged(t *testing.T) {
	e, err := New(config(Request))
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, MaxPacket)
	syn := append([]byte(nil), e.Next(begin, buf)...)
	_, body, _ := wire.ParseIPv4(syn)
	h, _, _ := wire.ParseTCP(body)
	now := begin.Add(2 * time.Minute)
	good := wire.TCP{Flags: wire.SYN | wire.ACK, Seq: 1000, Ack: h.Seq + 1}
	good.Options.HasTimestamps, good.Options.TSVal, good.Options.TSEcr = true, 5, h.Options.TSVal
	src := e.source(0)

	r := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		bad := good
		bad.Ack = r.Uint32()
		e.Recv(now, segment(src, bad, 0), false)
		bad = good
		bad.Flags, bad.Ack, bad.Options.TSEcr = wire.ACK, r.Uint32(), r.Uint32()
		e.Recv(now, segment(src, bad, 10), false)
	}
	want(t, "bad cookies", e.Counters().Drops[DropBadCookie], 40_000)
	for name, p := range map[string][]byte{
		"wrong port":     segment(netip.AddrPortFrom(src.Addr(), src.Port()+1), good, 0),
		"wrong address":  segment(netip.AddrPortFrom(src.Addr().Next(), src.Port()), good, 0),
		"outside":        segment(netip.MustParseAddrPort("10.9.9.9:2000"), good, 0),
		"no ACK":         segment(src, wire.TCP{Flags: wire.SYN, Seq: 1}, 0),
		"RST of nothing": segment(src, wire.TCP{Flags: wire.RST, Seq: 1}, 0),
		"broken":         append(segment(src, good, 0), segment(src, good, 3)...)[:50],
		"empty":          nil,
	} {
		if d := e.Recv(now, p, false); d == 0 {
			t.Errorf("%s: taken", name)
		}
	}
	corrupt := segment(src, good, 0)
	corrupt[len(corrupt)-1] ^= 1
	want(t, "corrupt", e.Recv(now, corrupt, false), DropMalformed)
	want(t, "opened", e.Counters().Opened, 0)
	want(t, "replies", e.tail, 0)
	want(t, "the true answer", e.Recv(now, segment(src, good, 0), false), 0)
	want(t, "opened, or so late repeated", e.Counters().Repeated, 1)
}

// TestRepliesFull: who sends without listening drops, and loses count of nothing.
func TestRepliesFull(t *testing.T) {
	e, err := New(config(Request))
	if err != nil {
		t.Fatal(err)
	}
	syn := e.Next(begin, make([]byte, MaxPacket))
	_, body, _ := wire.ParseIPv4(syn)
	h, _, _ := wire.ParseTCP(body)
	good := wire.TCP{Flags: wire.SYN | wire.ACK, Ack: h.Seq + 1}
	good.Options.HasTimestamps, good.Options.TSEcr = true, h.Options.TSVal
	p := segment(e.source(0), good, 0)
	for range 2 * maxReplies {
		e.Recv(begin, p, false)
	}
	want(t, "opened and dropped", e.Counters().Opened+e.Counters().Drops[DropRepliesFull], 2*maxReplies)
	want(t, "samples", len(e.Samples()) <= maxSamples, true)
}

// TestMemory: the hundred-thousandth connection takes no memory that the first did not: nothing is allocated for any.
func TestMemory(t *testing.T) {
	cfg := config(Hold)
	cfg.Conns, cfg.Rate = 0, MaxRate
	e, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, MaxPacket)
	answer := wire.TCP{SrcPort: target4.Port(), Seq: 77, Flags: wire.SYN | wire.ACK}
	answer.Options.HasTimestamps = true
	ip := wire.IPv4{TTL: 64, Proto: wire.ProtoTCP, Src: target4.Addr()}
	packet := make([]byte, 0, MaxPacket)
	now := begin
	// meet opens a connection and has the peer ask whether it is still there.
	meet := func() {
		now = now.Add(time.Microsecond)
		syn := e.Next(now, buf)
		_, body, _ := wire.ParseIPv4(syn)
		h, _, _ := wire.ParseTCP(body)
		src := e.source(e.sent - 1)
		for _, flags := range []wire.Flags{wire.SYN | wire.ACK, wire.ACK} {
			answer.DstPort, answer.Ack, answer.Flags = src.Port(), h.Seq+1, flags
			answer.Options.TSEcr = h.Options.TSVal
			ip.Dst = src.Addr()
			packet = answer.AppendTo(ip.AppendTo(packet[:0], answer.Len()))
			if d := e.Recv(now, packet, true); d != 0 {
				t.Fatal(d)
			}
			for len(e.Next(now, buf)) > 0 {
				now = now.Add(time.Nanosecond)
			}
			e.Samples()
		}
	}
	const conns = 200_000
	perRun := testing.AllocsPerRun(10, func() {
		for range conns / 10 {
			meet()
		}
	})
	want(t, "allocations in 20000 connections", perRun, 0)
	if e.Counters().Opened < conns || e.Counters().Probes < conns {
		t.Errorf("got %d connections and %d probes, want %d", e.Counters().Opened, e.Counters().Probes, conns)
	}
}

// TestNoLoop: two that acknowledge each other's acknowledgments would never stop.
func TestNoLoop(t *testing.T) {
	for _, m := range []Mode{Connect, Request, Hold, SYNFlood, SlowRead} {
		cfg := config(m)
		cfg.Stuck = true
		d := newDuel(t, cfg, tcp.Config{})
		d.serve = d.answering(5000)
		packets := 0
		d.lose = func(bool, []byte) bool { packets++; return false }
		d.run(time.Minute)
		if packets > 20*40 {
			t.Errorf("%v: %d packets of 20 connections in a minute", m, packets)
		}
	}
}
