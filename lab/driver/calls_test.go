package driver

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/internal/netlab"
	"github.com/antedon-net/antedon/lab/table"
)

const calledPort = 8080

// startForCalls starts the driver and an SDK that takes calls.
func (p *place) startForCalls(change func(*Config)) {
	p.Helper()
	p.start(1, func(c *Config) {
		c.Incoming = []uint16{calledPort}
		if change != nil {
			change(c)
		}
	})
	p.sdk(0, takeCalls)
}

func takeCalls(s *testSDK) { s.ports = []int{calledPort} }

// serveHere has an application on the host serve connections to a port.
func (p *place) serveHere(port int, handle func(net.Conn)) net.Listener {
	p.Helper()
	ln, err := p.host.Listen(p.ctx, "tcp", fmt.Sprintf(":%d", port))
	if err != nil {
		p.Fatal(err)
	}
	p.Cleanup(func() { ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				if deadline, ok := p.ctx.Deadline(); ok {
					_ = c.SetDeadline(deadline)
				}
				handle(c)
			}()
		}
	}()
	return ln
}

// call connects from the remote host, on its kernel's TCP.
func (p *place) call(address string) *net.TCPConn {
	p.Helper()
	c, err := p.remote.Dial(p.ctx, "tcp", address)
	if err != nil {
		p.Fatal(err)
	}
	p.Cleanup(func() { c.Close() })
	if deadline, ok := p.ctx.Deadline(); ok {
		_ = c.SetDeadline(deadline)
	}
	return c.(*net.TCPConn)
}

// TestCall: a kernel calls an application over the SDK's TCP, over IPv4 and IPv6, and the application sees who calls.
func TestCall(t *testing.T) {
	p := newPlace(t)
	callers := make(chan string, 2)
	p.serveHere(calledPort, func(c net.Conn) {
		callers <- c.RemoteAddr().String() + " to " + c.LocalAddr().String()
		echo(c)
	})
	p.startForCalls(nil)
	for _, addr := range []string{"10.7.0.1:8080", "[fd07::1]:8080"} {
		c := p.call(addr)
		want := c.LocalAddr().String() + " to " + c.RemoteAddr().String()
		p.echoes(c)
		if got := <-callers; got != want {
			t.Errorf("the application sees %s, want %s", got, want)
		}
	}
	p.until("both have ended", func() bool { return p.driver.Counters().Ended == 2 })
	if c := p.driver.Counters(); c.Called != 2 || c.Connected != 2 || c.Released != 2 || c.FromApp != 10 || c.ToApp != 10 || c.Accepted+c.Mistakes+c.BadSent+c.BadChecksums+c.Refused != 0 {
		t.Errorf("got %+v, want two calls", c)
	}
}

// callBulk sends bytes up and takes some down, on one call at the same time.
func (p *place) callBulk(up, down int) {
	p.Helper()
	sent, answer := random(up, 1), random(down, 2)
	received := make(chan []byte, 1)
	ln := p.serveHere(calledPort, func(c net.Conn) {
		var wg sync.WaitGroup
		wg.Go(func() {
			_, _ = c.Write(answer)
			_ = c.(*net.TCPConn).CloseWrite()
		})
		b, _ := io.ReadAll(c)
		wg.Wait()
		received <- b
	})
	defer ln.Close()
	c := p.call("10.7.0.1:8080")
	go func() {
		_, _ = c.Write(sent)
		_ = c.CloseWrite()
	}()
	if got, err := io.ReadAll(c); err != nil || !bytes.Equal(got, answer) {
		p.Errorf("from the application: got %d bytes, %v, want %d", len(got), err, len(answer))
	}
	if got := <-received; !bytes.Equal(got, sent) {
		p.Errorf("to the application: got %d bytes, want %d", len(got), len(sent))
	}
}

func TestCallBulk(t *testing.T) {
	p := newPlace(t)
	p.startForCalls(nil)
	p.callBulk(3_000_000, 3_000_000)
}

// callParallel: a hundred callers at once.
func (p *place) callParallel() {
	p.Helper()
	p.serveHere(calledPort, echo)
	var wg sync.WaitGroup
	for i := range 100 {
		want := random(20_000, byte(i))
		c := p.call([]string{"10.7.0.1:8080", "[fd07::1]:8080"}[i%2])
		wg.Go(func() {
			_, _ = c.Write(want)
			_ = c.CloseWrite()
		})
		wg.Go(func() {
			if got, err := io.ReadAll(c); err != nil || !bytes.Equal(got, want) {
				p.Errorf("caller %d: got %d bytes, %v, want %d", i, len(got), err, len(want))
			}
		})
	}
	wg.Wait()
}

// TestCallParallel: over two SDKs, and beside them one that takes no calls.
func TestCallParallel(t *testing.T) {
	p := newPlace(t)
	p.start(3, func(c *Config) { c.Incoming = []uint16{calledPort} })
	p.sdk(0, takeCalls)
	p.sdk(1, takeCalls)
	p.sdk(2, nil)
	p.callParallel()
	for i := range 2 {
		if n := p.driver.owned(table.SDK(i)); n == 100 {
			t.Errorf("SDK %d was given all calls", i+1)
		}
	}
	if c := p.driver.Counters(); c.Called != 100 || c.NobodyHome != 0 {
		t.Errorf("got %+v", c)
	}
}

// TestCallRefused: a caller whom nobody wants is reset, by the SDK if the listener refuses and by the driver if there is no
// SDK that takes calls.
func TestCallRefused(t *testing.T) {
	p := newPlace(t)
	p.start(2, func(c *Config) { c.Incoming = []uint16{calledPort} })
	refused := func() error {
		c, err := p.remote.Dial(p.ctx, "tcp", "10.7.0.1:8080")
		if err == nil {
			defer c.Close()
			_, err = c.Read(make([]byte, 1))
		}
		return err
	}
	if err := refused(); !errors.Is(err, unix.ECONNREFUSED) {
		t.Errorf("without an SDK: got %v", err)
	}
	p.hears("no SDK is attached that takes incoming connections")
	p.sdk(0, nil)
	if err := refused(); !errors.Is(err, unix.ECONNREFUSED) {
		t.Errorf("with an SDK that takes no calls: got %v", err)
	}
	p.sdk(1, takeCalls)
	if err := refused(); !errors.Is(err, unix.ECONNRESET) {
		t.Errorf("without a listener: got %v", err)
	}
	p.until("the call is forgotten", func() bool { return p.driver.owned(1) == 0 })
	p.serveHere(calledPort, echo)
	p.echoes(p.call("10.7.0.1:8080"))
	if c := p.driver.Counters(); c.NobodyHome != 2 || c.Called != 2 || c.AppResets != 1 {
		t.Errorf("got %+v", c)
	}
}

// TestCallPortTaken: if the caller's port is a listener's here, the application sees another one, of the same address.
func TestCallPortTaken(t *testing.T) {
	p := newPlace(t)
	const port = 40_000
	p.serveHere(port, echo)
	from := make(chan net.Addr, 1)
	p.serveHere(calledPort, func(c net.Conn) {
		from <- c.RemoteAddr()
		echo(c)
	})
	p.startForCalls(nil)
	c, err := p.remote.DialWith(p.ctx, &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(10, 7, 0, 2), Port: port}}, "tcp", "10.7.0.1:8080")
	if err != nil {
		t.Fatal(err)
	}
	p.echoes(c.(*net.TCPConn))
	if a := (<-from).(*net.TCPAddr); !a.IP.Equal(net.IPv4(10, 7, 0, 2)) || a.Port == port {
		t.Errorf("the application sees %v", a)
	}
}

// TestCallResets: a caller that resets, and an application that does.
func TestCallResets(t *testing.T) {
	p := newPlace(t)
	seen := make(chan error, 1)
	p.serveHere(calledPort, func(c net.Conn) {
		_, _ = io.WriteString(c, "!")
		b := make([]byte, 1)
		n, err := c.Read(b)
		if n > 0 {
			_ = c.(*net.TCPConn).SetLinger(0)
			return
		}
		seen <- err
	})
	p.startForCalls(nil)
	byCaller := p.call("10.7.0.1:8080")
	if _, err := byCaller.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	_ = byCaller.SetLinger(0)
	byCaller.Close()
	if err := <-seen; !errors.Is(err, unix.ECONNRESET) {
		t.Errorf("reset by the caller: the application got %v", err)
	}
	byApp := p.call("10.7.0.1:8080")
	if _, err := io.WriteString(byApp, "x"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, byApp); !errors.Is(err, unix.ECONNRESET) {
		t.Errorf("reset by the application: got %v", err)
	}
	p.until("both are forgotten", func() bool { return p.driver.owned(0) == 0 })
}

// TestCallLeavesNothing: what is not named, or was there before, is not captured; afterwards the host is as it was.
func TestCallLeavesNothing(t *testing.T) {
	p := newPlace(t)
	for _, port := range []int{calledPort, 22, 9090} {
		p.serveHere(port, echo)
	}
	p.serve(calledPort, echo)
	before := p.snapshot()
	earlier, earlier6 := p.call("10.7.0.1:8080"), p.call("[fd07::1]:8080")
	p.start(1, func(c *Config) { c.Incoming = []uint16{calledPort} })
	for _, addr := range []string{"10.7.0.1:22", "[fd07::1]:22", "10.7.0.1:9090"} {
		p.echoes(p.call(addr)) // without any SDK
	}
	p.echoes(p.dial("127.0.0.1:8080"))
	p.echoes(p.dial("10.7.0.1:8080"))
	p.talks(earlier)
	p.talks(earlier6)
	p.sdk(0, takeCalls)
	p.echoes(p.call("10.7.0.1:8080"))
	p.echoes(p.dial("10.7.0.2:8080")) // the same port, elsewhere
	if c := p.driver.Counters(); c.Called != 1 || c.Accepted != 1 || c.NobodyHome+c.Refused != 0 {
		t.Errorf("got %+v", c)
	}
	if err := p.driver.Close(); err != nil {
		t.Error(err)
	}
	p.echoes(earlier)
	p.echoes(earlier6)
	p.echoes(p.call("10.7.0.1:8080"))
	if diff := netlab.Diff(before, p.snapshot()); diff != "" {
		t.Errorf("not as before:\n%s", diff)
	}
}

// talks makes sure that a connection to an echo server is alive.
func (p *place) talks(c net.Conn) {
	p.Helper()
	b := make([]byte, 5)
	if _, err := io.WriteString(c, "alive"); err != nil {
		p.Fatal(err)
	}
	if _, err := io.ReadFull(c, b); err != nil || string(b) != "alive" {
		p.Fatalf("%s: got %q, %v", c.RemoteAddr(), b, err)
	}
}

// TestCallFlood: SYNs that nobody goes on from cost the bound, and no application anything; a caller comes through.
func TestCallFlood(t *testing.T) {
	p := newPlace(t)
	accepted := make(chan struct{}, 10)
	p.serveHere(calledPort, func(c net.Conn) {
		accepted <- struct{}{}
		echo(c)
	})
	const bound = 20
	p.start(1, func(c *Config) { c.Incoming, c.Table.HalfOpen = []uint16{calledPort}, bound })
	sdk := p.sdk(0, func(s *testSDK) {
		takeCalls(s)
		s.mute = true
	})
	p.flood(500)
	p.until("the flood is over", func() bool { c := p.driver.Counters(); return c.Called+c.DroppedForSDK >= 500 })
	if n := p.driver.owned(0); n > bound {
		t.Errorf("%d connections are half open, want at most %d", n, bound)
	}
	if c := p.driver.Counters(); c.Crowded != c.Called-bound {
		t.Errorf("got %+v, want all but %d given up", c, bound)
	}
	sdk.close()
	p.hears("SDK 1 is gone")
	p.sdk(0, takeCalls)
	p.echoes(p.call("10.7.0.1:8080"))
	if len(accepted) != 1 {
		t.Errorf("the application was called %d times, want once", len(accepted))
	}
}

// flood sends SYNs from as many ports.
func (p *place) flood(n int) {
	p.Helper()
	raw, err := p.remote.ListenPacket(p.ctx, "ip4:tcp", "10.7.0.2")
	if err != nil {
		p.Fatal(err)
	}
	defer raw.Close()
	for i := range n {
		if _, err := raw.WriteTo(callSegment(uint16(10_000+i), calledPort, flagSYN), &net.IPAddr{IP: net.IPv4(10, 7, 0, 1)}); err != nil {
			p.Fatal(err)
		}
	}
}
