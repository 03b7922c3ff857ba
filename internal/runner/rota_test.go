package runner

import (
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/antedon-net/antedon/host"
	"github.com/antedon-net/antedon/link/pipe"
)

// Whose shift does not come waits no longer than for its deadline, or until somebody closes.
func TestShiftDoesNotCome(t *testing.T) {
	for _, end := range []struct {
		name string
		do   func(b *Shard, c *Conn) error
		want error
	}{
		{"deadline", func(_ *Shard, c *Conn) error { return c.SetDeadlines(time.Now().Add(-time.Second), true, true) }, os.ErrDeadlineExceeded},
		{"close", func(_ *Shard, c *Conn) error { return c.Close() }, net.ErrClosed},
		{"device closed", func(b *Shard, _ *Conn) error { return b.dev.Close() }, net.ErrClosed},
	} {
		t.Run(end.name, func(t *testing.T) {
			da, db := pipe.New(pipe.Config{QueueLen: 1 << 20})
			a := New(da, host.Config{Addrs: []netip.Prefix{netip.MustParsePrefix("10.0.0.1/24")}, Secret: [32]byte{1}})
			b := New(newSteered(db, 1), host.Config{Addrs: []netip.Prefix{netip.MustParsePrefix("10.0.0.2/24")}, Secret: [32]byte{2}})
			t.Cleanup(func() { cutOff(a, b) })
			_, servers := connect(t, a, b, 1)
			c := servers[0]
			b.mu.Lock()
			b.rota.most = 0
			moved := b.moveOut(c)
			b.mu.Unlock()
			if !moved {
				t.Fatal("the connection has not got a lane")
			}
			errs := make(chan error)
			go func() { _, err := c.Read(make([]byte, 1)); errs <- err }()
			settled(t, b, "the reader waits for its shift", func() bool { return len(b.rota.queue) == 1 })
			if err := end.do(b, c); err != nil {
				t.Error(err)
			}
			if err := within(t, errs); err != end.want {
				t.Errorf("got %v, want %v", err, end.want)
			}
			settled(t, b, "nobody waits for a shift", func() bool { return len(b.rota.queue) == 0 && len(b.rota.holders) == 0 })
		})
	}
}

// A shift that is not used goes to who waits for it.
func TestShiftNotUsed(t *testing.T) {
	da, db := pipe.New(pipe.Config{QueueLen: 1 << 20})
	a := New(da, host.Config{Addrs: []netip.Prefix{netip.MustParsePrefix("10.0.0.1/24")}, Secret: [32]byte{1}})
	b := New(newSteered(db, 2), host.Config{Addrs: []netip.Prefix{netip.MustParsePrefix("10.0.0.2/24")}, Secret: [32]byte{2}})
	t.Cleanup(func() { cutOff(a, b) })
	clients, servers := connect(t, a, b, 2)
	b.mu.Lock()
	b.rota.most = 1
	for _, c := range servers {
		if !b.moveOut(c) {
			t.Error("a connection has not got a lane")
		}
	}
	idle := servers[0].lane()
	idle.takeShift(&servers[0].rgate) // and does not come back
	b.mu.Unlock()
	errs := make(chan error)
	go func() { _, err := servers[1].Read(make([]byte, 1)); errs <- err }()
	settled(t, b, "the shift was taken from who does not use it", func() bool { return !idle.shift.has })
	if _, err := clients[1].Write([]byte("x")); err != nil {
		t.Error(err)
	}
	if err := within(t, errs); err != nil {
		t.Error(err)
	}
}
