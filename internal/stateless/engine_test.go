package stateless

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/antedon-net/antedon/host"
	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/tcp"
)

// answering is a server that reads the request, writes n bytes and closes.
func (d *duel) answering(n int) func(c *host.Conn) {
	return func(c *host.Conn) {
		if c.Readable() >= len(request) {
			c.Consume(d.at, c.Readable())
			d.write(c, n)
			c.CloseWrite(d.at)
		}
	}
}

// TestConnect: every connection is opened and reset, or closed in order, over either family.
func TestConnect(t *testing.T) {
	for _, tt := range []struct {
		name    string
		fin     bool
		target  netip.AddrPort
		from    netip.Prefix
		noStamp bool
	}{
		{name: "RST", target: target4, from: from4},
		{name: "FIN", fin: true, target: target4, from: from4},
		{name: "RST IPv6", target: target6, from: from6},
		{name: "FIN IPv6", fin: true, target: target6, from: from6},
		{name: "no timestamps", fin: true, noStamp: true, target: target4, from: from4},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cfg := config(Connect)
			cfg.FIN, cfg.Target, cfg.From = tt.fin, tt.target, tt.from
			d := newDuel(t, cfg, tcp.Config{NoTimestamps: tt.noStamp})
			d.serve = func(c *host.Conn) {
				if c.State() == tcp.StateCloseWait {
					c.Close(d.at)
				}
			}
			d.run(2 * time.Second)
			k := d.Counters()
			want(t, "SYNs", k.SYNs, 20)
			want(t, "opened", k.Opened, 20)
			want(t, "accepted", d.host.Counters().ConnsAccepted, 20)
			want(t, "still known to the host", len(slices.Collect(d.host.Conns())), 0)
			closed := uint64(0)
			if tt.fin && !tt.noStamp {
				closed = 20
			}
			want(t, "closed", k.Closed, closed)
			want(t, "drops", k.Drops, [NumDrops]uint64{})
			if tt.noStamp {
				want(t, "without timestamps", k.NoTimestamps, 20)
			}
			for _, s := range d.seen[Handshake] {
				want(t, "handshake", s, 2*d.delay)
			}
			want(t, "handshakes", len(d.seen[Handshake]), 20)
		})
	}
}

// TestRequest: answers are read to their end, whatever their length, and what they took is told.
func TestRequest(t *testing.T) {
	for _, size := range []int{0, 1, 100_000} {
		d := newDuel(t, config(Request), tcp.Config{})
		d.serve = d.answering(size)
		d.run(3 * time.Second)
		k := d.Counters()
		want(t, "answered", k.Answered, 20)
		want(t, "bytes", k.Bytes, uint64(20*size))
		want(t, "answers timed", len(d.seen[Answer]), 20)
		for _, s := range d.seen[Answer] {
			if s < 4*d.delay || s > 4*d.delay+time.Second {
				t.Errorf("an answer of %d bytes took %v", size, s)
			}
		}
		for _, c := range d.conns {
			want(t, "state at the server", c.State(), tcp.StateTimeWait)
		}
	}
}

// TestRequestLost: the handshake's last segment carries the request, and the peer's retransmitting brings it again.
func TestRequestLost(t *testing.T) {
	d := newDuel(t, config(Request), tcp.Config{})
	d.serve = d.answering(1000)
	lost := 0
	d.lose = func(toHost bool, p []byte) bool {
		if toHost && len(p) > 60 && lost < 20 { // a request
			lost++
			return true
		}
		return false
	}
	d.run(5 * time.Second)
	want(t, "lost", lost, 20)
	want(t, "opened", d.Counters().Opened, 20)
	want(t, "repeated", d.Counters().Repeated, 20)
	want(t, "answered", d.Counters().Answered, 20)
	want(t, "bytes", d.Counters().Bytes, 20_000)
}

// TestHold: what the server asks idle connections is answered, so that it keeps them.
func TestHold(t *testing.T) {
	d := newDuel(t, config(Hold), tcp.Config{KeepAlive: true, KeepIdle: time.Second, KeepInterval: time.Second, KeepCount: 3})
	d.run(20 * time.Second)
	want(t, "opened", d.Counters().Opened, 20)
	want(t, "open at the server", d.open(), 20)
	if n := d.Counters().Probes; n < 20*15 {
		t.Errorf("%d probes answered, want one a second of each connection", n)
	}
	for _, c := range d.conns {
		d.write(c, 3000)
		c.CloseWrite(d.at)
		d.host.MarkDirty(c)
	}
	d.run(time.Second)
	want(t, "bytes", d.Counters().Bytes, 20*3000)
	want(t, "closed", d.Counters().Closed, 20)
	want(t, "drops", d.Counters().Drops, [NumDrops]uint64{})
}

// TestSYNFlood: the server is left with connections half open.
func TestSYNFlood(t *testing.T) {
	d := newDuel(t, config(SYNFlood), tcp.Config{})
	d.run(500 * time.Millisecond)
	want(t, "SYNs", d.Counters().SYNs, 20)
	want(t, "SYN-ACKs", d.Counters().Opened, 20)
	want(t, "accepted", len(d.conns), 0)
	for c := range d.host.Conns() {
		want(t, "state", c.State(), tcp.StateSynReceived)
	}
}

// TestSlowRead: a slow reader takes a window's worth a probe, a stuck one a single one; both keep the server waiting.
func TestSlowRead(t *testing.T) {
	for _, stuck := range []bool{false, true} {
		cfg := config(SlowRead)
		cfg.Window, cfg.Stuck = 100, stuck
		d := newDuel(t, cfg, tcp.Config{})
		d.serve = d.answering(100_000)
		d.run(30 * time.Second)
		k := d.Counters()
		want(t, "open or closing at the server", len(slices.Collect(d.host.Conns())), 20)
		if k.Probes < 20*5 {
			t.Errorf("stuck %v: %d probes", stuck, k.Probes)
		}
		if perConn := k.Bytes / 20; stuck && perConn > 100 || !stuck && (perConn < 500 || perConn > 20_000) {
			t.Errorf("stuck %v: %d bytes of each answer were read in 30 s", stuck, perConn)
		}
	}
}

// TestRefused: a host that does not listen is told apart from one that resets.
func TestRefused(t *testing.T) {
	d := newDuel(t, config(Connect), tcp.Config{})
	d.cfg.Target = netip.AddrPortFrom(target4.Addr(), 81)
	d.run(time.Second)
	want(t, "refused", d.Counters().Refused, 20)

	d = newDuel(t, config(Hold), tcp.Config{})
	d.run(time.Second)
	for _, c := range d.conns {
		c.Abort(d.at)
		d.host.MarkDirty(c)
	}
	d.run(time.Second)
	want(t, "resets", d.Counters().Resets, 20)
	want(t, "refused", d.Counters().Refused, 0)
}

// TestRate: SYNs come at the rate asked for, also if the driver sleeps now and then, and never faster.
func TestRate(t *testing.T) {
	for _, rate := range []int{1, 30, 1000, 300_000, MaxRate} {
		cfg := config(SYNFlood)
		cfg.Conns, cfg.Rate = 0, rate
		e, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, MaxPacket)
		n := 0
		for now := begin; now < begin.Add(2*time.Second); now = now.Add(2 * time.Millisecond) {
			for len(e.Next(now, buf)) > 0 {
				n++
			}
		}
		if most := 2*rate + rate/200 + 1; n > most || n < 2*rate*99/100 {
			t.Errorf("%d SYNs in 2 s at %d a second", n, rate)
		}
		e.Next(begin.Add(10*time.Second), buf)
		burst := 1
		for len(e.Next(begin.Add(10*time.Second), buf)) > 0 {
			burst++
		}
		if burst > rate/200+1 {
			t.Errorf("%d SYNs at once after a pause, at %d a second", burst, rate)
		}
	}
}

// TestSources: no two connections come from the same place until all places are used, and all are within the prefix.
func TestSources(t *testing.T) {
	for _, tt := range []struct {
		from netip.Prefix
		n    uint64
	}{
		{netip.MustParsePrefix("198.18.5.4/30"), 4 * numPorts},
		{netip.MustParsePrefix("2001:2::8/127"), 2 * numPorts},
	} {
		cfg := config(Connect)
		cfg.From, cfg.Target = tt.from, target4
		if tt.from.Addr().Is6() {
			cfg.Target = target6
		}
		e, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		want(t, "room", Tuples(tt.from), tt.n)
		seen := make(map[netip.AddrPort]bool)
		for i := range tt.n {
			a := e.source(i)
			if seen[a] || !e.isSource(a.Addr(), a.Port()) {
				t.Fatalf("connection %d comes from %v", i, a)
			}
			seen[a] = true
		}
		want(t, "first", e.source(tt.n), e.source(0))
	}
}

// TestLifetime: an Engine stops while a stamp still has room for the time.
func TestLifetime(t *testing.T) {
	e, err := New(config(Connect))
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, MaxPacket)
	e.Next(begin, buf)
	if len(e.Next(begin.Add(MaxLifetime-time.Second), buf)) == 0 {
		t.Error("no SYN within the lifetime")
	}
	if len(e.Next(begin.Add(MaxLifetime), buf)) != 0 {
		t.Error("a SYN after the lifetime")
	}
	if s := e.stampAt(begin.Add(MaxLifetime)); s >= 1<<(32-phaseBits) {
		t.Errorf("the last stamp is %d", s)
	}
	want(t, "unknown Deadline", e.Deadline() == mono.Never, false)
}
