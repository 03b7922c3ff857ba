package runner

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/antedon-net/antedon/host"
	"github.com/antedon-net/antedon/internal/buffer"
	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/pipe"
)

const limit = 60 * time.Second // reached only by a bug

// newPair returns two shards joined by memory. The device of b is read in turns.
func newPair(t testing.TB, offload link.Offload) (a, b *Shard) {
	// Nothing may be lost: a lost RST leaves its peer waiting, as it has to.
	da, db := pipe.New(pipe.Config{Offload: offload, QueueLen: 1 << 20})
	a = New(da, host.Config{Addrs: []netip.Prefix{netip.MustParsePrefix("10.0.0.1/24")}, Secret: [32]byte{1}})
	b = New(newTurns(db), host.Config{Addrs: []netip.Prefix{netip.MustParsePrefix("10.0.0.2/24")}, Secret: [32]byte{2}})
	t.Cleanup(func() { cutOff(a, b) })
	return a, b
}

// cutOff closes shards without waiting for each other's peers.
func cutOff(shards ...*Shard) {
	now, cancel := context.WithCancel(context.Background())
	cancel()
	for _, s := range shards {
		s.Close(now)
	}
}

var server = netip.MustParseAddrPort("10.0.0.2:80")

// connect opens n connections from a to b.
func connect(t testing.TB, a, b *Shard, n int) (clients, servers []*Conn) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	l, err := b.Listen(server, n, host.ListenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for range n {
		c, err := a.Dial(ctx, netip.AddrPort{}, server, host.DialOptions{})
		if err != nil {
			t.Fatal(err)
		}
		s, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		clients, servers = append(clients, c), append(servers, s)
	}
	return clients, servers
}

// settled waits until cond holds, which the other goroutines of the shards bring about.
func settled(t *testing.T, s *Shard, what string, cond func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); time.Now().Before(end); runtime.Gosched() {
		s.mu.Lock()
		ok := cond()
		s.mu.Unlock()
		if ok {
			return
		}
	}
	t.Errorf("%s: not within %v", what, limit)
}

// TestMemoryReturns moves data over many connections at once, ends them in all sorts of ways, and expects every chunk
// back and nobody remembered.
func TestMemoryReturns(t *testing.T) {
	for _, offload := range []link.Offload{link.OffloadNone, link.OffloadChecksum | link.OffloadTSO} {
		a, b := newPair(t, offload)
		idle := map[*Shard]int{a: 0, b: 0}
		for s := range idle {
			settled(t, s, "the reader took its chunks", func() bool { return s.pool.Used() > 0 })
			idle[s] = s.pool.Used()
		}
		clients, servers := connect(t, a, b, 40)
		var wg sync.WaitGroup
		for i := range clients {
			c, s := clients[i], servers[i]
			wg.Go(func() {
				c.Write(make([]byte, 300_000+i))
				switch i % 4 {
				case 0:
					c.CloseWrite()
					io.Copy(io.Discard, asReader{c})
					c.Close()
				case 1:
					c.Close()
				case 2:
					c.SetLinger(0)
					c.Close()
				case 3:
					io.ReadFull(asReader{c}, make([]byte, 1000)) // leaves bytes unread
					c.Close()
				}
			})
			wg.Go(func() {
				go s.Write(make([]byte, 200_000))
				io.Copy(io.Discard, asReader{s})
				s.Close()
			})
		}
		wg.Wait()
		for s, used := range idle {
			settled(t, s, "chunks returned", func() bool { return s.pool.Used() == used })
			settled(t, s, "connections forgotten", func() bool { return s.conns.n == 0 && len(s.waiters) == 0 })
			if t.Failed() {
				t.Logf("%d bytes of chunks in use, %d when idle; %d connections, %d waiters", s.pool.Used(), used, s.conns.n, len(s.waiters))
			}
		}
	}
}

// asReader hides WriteTo, so that io.Copy reads.
type asReader struct{ io.Reader }

// TestIdleConnections holds that an idle connection has no goroutine and no buffer.
func TestIdleConnections(t *testing.T) {
	const n = 500
	a, b := newPair(t, link.OffloadChecksum|link.OffloadTSO)
	clients, servers := connect(t, a, b, 1)
	exchange(t, clients[0], servers[0])
	goroutines := runtime.NumGoroutine()
	a.mu.Lock()
	used := a.pool.Used()
	a.mu.Unlock()
	clients, servers = connect(t, a, b, n)
	for i := range clients {
		exchange(t, clients[i], servers[i])
	}
	settled(t, a, "buffers returned", func() bool { return a.pool.Used() == used })
	// context.AfterFunc of the dials that just ended may still be around.
	settled(t, a, "no goroutine per connection", func() bool { return runtime.NumGoroutine() < goroutines+n/10 })
}

// exchange sends a byte there and back.
func exchange(t *testing.T, c, s *Conn) {
	t.Helper()
	var p [1]byte
	for _, dir := range [][2]*Conn{{c, s}, {s, c}} {
		if _, err := dir[0].Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		if _, err := dir[1].Read(p[:]); err != nil {
			t.Fatal(err)
		}
	}
}

// TestPinnedBytes writes to a device that looks at its packets late: bytes under way must not be reused, which the race
// detector would see, whatever is acknowledged meanwhile.
func TestPinnedBytes(t *testing.T) {
	da, db := pipe.New(pipe.Config{Offload: link.OffloadChecksum | link.OffloadTSO})
	a := New(slow{da}, host.Config{Addrs: []netip.Prefix{netip.MustParsePrefix("10.0.0.1/24")}, Secret: [32]byte{1}})
	b := New(db, host.Config{Addrs: []netip.Prefix{netip.MustParsePrefix("10.0.0.2/24")}, Secret: [32]byte{2}})
	defer cutOff(a, b)
	clients, servers := connect(t, a, b, 1)
	want := make([]byte, 4<<20)
	for i := range want {
		want[i] = byte(i * 7 >> 3)
	}
	go func() {
		clients[0].Write(want)
		clients[0].Close()
	}()
	got, err := io.ReadAll(servers[0])
	if err != nil || string(got) != string(want) {
		t.Errorf("%d of %d bytes arrived, or others: %v", len(got), len(want), err)
	}
	servers[0].Close()
}

// slow sends every packet twice, the second time after everybody else had a chance to run.
type slow struct{ link.Device }

func (d slow) Queues() []link.Queue { return []link.Queue{slowQueue{d.Device.Queues()[0]}} }

type slowQueue struct{ link.Queue }

func (q slowQueue) Write(pkts []link.Packet) (int, error) {
	for range 2 {
		if n, err := q.Queue.Write(pkts); err != nil {
			return n, err
		}
		for range 50 {
			runtime.Gosched()
		}
	}
	return len(pkts), nil
}

// TestDeviceFails holds that whoever waits is told when the device is gone.
func TestDeviceFails(t *testing.T) {
	a, b := newPair(t, 0)
	clients, _ := connect(t, a, b, 1)
	l, err := a.Listen(netip.MustParseAddrPort("10.0.0.1:81"), 1, host.ListenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	u, err := a.OpenUDP(netip.MustParseAddrPort("10.0.0.1:81"), netip.AddrPort{}, host.UDPOptions{})
	if err != nil {
		t.Fatal(err)
	}
	errs := make(chan error, 3)
	go func() { _, err := clients[0].Read(make([]byte, 1)); errs <- err }()
	go func() { _, err := l.Accept(); errs <- err }()
	go func() { _, _, _, err := u.Read(make([]byte, 1)); errs <- err }()
	settled(t, a, "everybody waits", func() bool { return clients[0].rgate.ch != nil && l.gate.ch != nil && u.gate.ch != nil })
	a.dev.Close()
	for range 3 {
		if err := <-errs; !errors.Is(err, net.ErrClosed) {
			t.Errorf("got %v, want %v", err, net.ErrClosed)
		}
	}
	if _, err := a.Dial(context.Background(), netip.AddrPort{}, server, host.DialOptions{}); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Dial: %v, want %v", err, net.ErrClosed)
	}
}

// TestMemoryLimit runs more connections than the limit has room for: they wait for each other, and all arrive.
func TestMemoryLimit(t *testing.T) {
	da, db := pipe.New(pipe.Config{Offload: link.OffloadChecksum | link.OffloadTSO})
	a := New(da, host.Config{Addrs: []netip.Prefix{netip.MustParsePrefix("10.0.0.1/24")}, Pool: buffer.NewPool(1 << 20)})
	b := New(db, host.Config{Addrs: []netip.Prefix{netip.MustParsePrefix("10.0.0.2/24")}})
	defer cutOff(a, b)
	clients, servers := connect(t, a, b, 30)
	var wg sync.WaitGroup
	for i := range clients {
		wg.Go(func() {
			clients[i].Write(make([]byte, 1<<20))
			clients[i].Close()
		})
		wg.Go(func() {
			n, err := io.Copy(io.Discard, asReader{servers[i]})
			if n != 1<<20 || err != nil {
				t.Errorf("connection %d: %d bytes, %v", i, n, err)
			}
			servers[i].Close()
		})
	}
	wg.Wait()
}
