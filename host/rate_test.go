package host

import (
	"net/netip"
	"testing"
	"time"

	"github.com/antedon-net/antedon/tcp"
)

// crowded is two hosts, of which the first dials the second, which closes at once.
type crowded struct {
	*shuttle
	listener *Listener
	server   netip.AddrPort
}

func newCrowded(t testing.TB) *crowded {
	c := &crowded{shuttle: newShuttle(0, "10.0.0.1/8", "10.0.0.2/8"), server: netip.MustParseAddrPort("10.0.0.2:80")}
	c.host[0] = New(Config{Addrs: prefixes("10.0.0.1/8"), AnyAddress: true})
	var err error
	if c.listener, err = c.host[1].ListenTCP(anyAddr(80), 0, ListenOptions{}); err != nil {
		t.Fatal(err)
	}
	return c
}

// connect opens a connection from one of many addresses, so that there are ports enough.
func (c *crowded) connect(t testing.TB, from byte) (client, server *Conn) {
	local := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1, 0, from}), 0)
	client, err := c.host[0].DialTCP(c.now, local, c.server, DialOptions{})
	if err != nil {
		t.Fatal(err)
	}
	c.flush()
	if server = c.listener.Accept(); server == nil || client.State() != tcp.StateEstablished {
		t.Fatalf("not connected: %v", client.State())
	}
	return client, server
}

// close closes a connection, the given end first, which is in TIME-WAIT then.
func (c *crowded) close(t testing.TB, first, second *Conn) {
	for _, e := range []*Conn{first, second} {
		e.Close(c.now)
		e.host.MarkDirty(e)
		c.flush()
	}
	if first.State() != tcp.StateTimeWait || !second.Done() {
		t.Fatalf("closed to %v and %v", first.State(), second.State())
	}
}

// fill opens connections, and leaves others in TIME-WAIT on either side.
func (c *crowded) fill(t testing.TB, open, timeWait int) {
	for i := range open {
		c.connect(t, byte(i/20_000))
	}
	for i := range timeWait {
		client, server := c.connect(t, byte(10+i/20_000))
		c.close(t, server, client)
	}
}

// Nothing is left of connections in TIME-WAIT when their time is over, and while it lasts none holds what only matters to one
// that sends or receives.
func TestTimeWaitLeavesNothing(t *testing.T) {
	c := newCrowded(t)
	for i := range 100 {
		client, server := c.connect(t, 1)
		if i%2 == 0 {
			c.close(t, client, server)
		} else {
			c.close(t, server, client)
		}
	}
	for i, h := range c.host {
		if h.tcp.conns.n != 50 {
			t.Errorf("host %d: %d connections, want 50 in TIME-WAIT", i, h.tcp.conns.n)
		}
		if used := h.pool.Used(); used != 0 {
			t.Errorf("host %d: %d bytes of chunks", i, used)
		}
	}
	c.now = c.now.Add(61 * time.Second)
	for i, h := range c.host {
		h.Tick(c.now)
		c.flush()
		if !h.Idle() {
			t.Errorf("host %d: %d connections are left", i, h.tcp.conns.n)
		}
	}
}

// TestTimeWaitsAreLimited: the oldest connections in TIME-WAIT make room for others, those whose time is over count for nothing.
func TestTimeWaitsAreLimited(t *testing.T) {
	const limit = 3
	c := newCrowded(t)
	c.host[0].cfg.Limits.TimeWaits = limit
	var clients []*Conn
	check := func(want int, cut uint64) {
		t.Helper()
		h := c.host[0]
		if h.tcp.conns.n != want || h.tcp.timeWaits.len() != want || h.count.TimeWaitsCut != cut {
			t.Errorf("%d connections, %d in the queue, %d cut short, want %d, %d, %d",
				h.tcp.conns.n, h.tcp.timeWaits.len(), h.count.TimeWaitsCut, want, want, cut)
		}
	}
	closeOne := func() {
		client, server := c.connect(t, 1)
		c.close(t, client, server)
		clients = append(clients, client)
	}
	for range limit {
		closeOne()
	}
	check(limit, 0)
	for range 2 {
		closeOne()
	}
	check(limit, 2)
	for i, client := range clients {
		if client.forgotten != (i < 2) {
			t.Errorf("connection %d: forgotten %v", i, client.forgotten)
		}
	}
	c.now = c.now.Add(61 * time.Second)
	c.host[0].Tick(c.now)
	c.flush()
	check(0, 2)
	closeOne()
	check(1, 2)
}

// BenchmarkConnect opens and closes a connection, on both hosts, with none beside it and with many: they must not matter.
func BenchmarkConnect(b *testing.B) {
	for _, bb := range []struct {
		name           string
		open, timeWait int
	}{{"alone", 0, 0}, {"beside 100000, 50000 in TIME-WAIT", 100_000, 50_000}} {
		b.Run(bb.name, func(b *testing.B) {
			c := newCrowded(b)
			c.fill(b, bb.open, bb.timeWait)
			b.ReportAllocs()
			for b.Loop() {
				client, server := c.connect(b, 200)
				c.close(b, server, client)
				c.now = c.now.Add(10 * time.Millisecond) // what is left over from a minute ago goes
				for _, h := range c.host {
					h.Tick(c.now)
				}
				c.flush()
			}
		})
	}
}
