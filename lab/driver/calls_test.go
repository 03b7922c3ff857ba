package driver

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
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

// TestCallImpaired: over a path that loses packets.
func TestCallImpaired(t *testing.T) {
	p := newPlace(t)
	plan := parsePlan(t, "loss=2%,delay=2ms,jitter=1ms,dup=1%,seed=5")
	p.startForCalls(func(c *Config) { c.Impair = plan })
	p.callBulk(300_000, 300_000)
	if c := p.driver.Counters(); c.Impaired == 0 {
		t.Errorf("got %+v, want lost segments", c)
	}
}

// TestCallRefusedImpaired: who is refused hears of it, over such a path too.
func TestCallRefusedImpaired(t *testing.T) {
	p := newPlace(t)
	p.start(1, func(c *Config) { c.Incoming, c.Impair = []uint16{calledPort}, parsePlan(t, "delay=2ms,seed=5") })
	for _, address := range []string{"10.7.0.1:8080", "[fd07::1]:8080"} {
		if c, err := p.remote.Dial(p.ctx, "tcp", address); !errors.Is(err, unix.ECONNREFUSED) {
			t.Errorf("%s: got %v, %v, want it refused", address, c, err)
		}
	}
}

// TestCallSlowApplication: an application that does not read holds up its caller, and neither memory nor others.
func TestCallSlowApplication(t *testing.T) {
	p := newPlace(t)
	hold := make(chan struct{})
	total := make(chan int64, 1)
	p.serveHere(calledPort, func(c net.Conn) {
		if c.RemoteAddr().(*net.TCPAddr).IP.To4() == nil { // of IPv6: the fast one
			echo(c)
			return
		}
		<-hold
		n, _ := io.Copy(io.Discard, c)
		total <- n
	})
	p.startForCalls(func(c *Config) { c.Table.SoftLimit, c.Table.HoldLimit = 1<<16, 1<<18 })
	c := p.call("10.7.0.1:8080")
	const size = 8_000_000
	sent := make(chan error, 1)
	go func() {
		_, err := c.Write(random(size, 4))
		_ = c.CloseWrite()
		sent <- err
	}()
	p.until("segments are held back", func() bool { return p.driver.Counters().HeldBack > 0 })
	p.echoes(p.call("[fd07::1]:8080"))
	close(hold)
	if err := <-sent; err != nil {
		t.Error(err)
	}
	if n := <-total; n != size {
		t.Errorf("got %d bytes, want %d", n, size)
	}
}

// TestCallCapture: the file shows both connections of a call, and which way they go.
func TestCallCapture(t *testing.T) {
	p := newPlace(t)
	p.serveHere(calledPort, echo)
	var file bytes.Buffer
	w := newCapture(&file)
	p.startForCalls(func(c *Config) { c.Capture = w })
	p.echoes(p.call("10.7.0.1:8080"))
	if err := p.driver.Close(); err != nil {
		t.Error(err)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	for _, want := range []string{"SDK 1: tcp_tx", "SDK 1: came in", "to the application: called", "from the application"} {
		if !strings.Contains(file.String(), want) {
			t.Errorf("no %q in the file", want)
		}
	}
	if strings.Contains(file.String(), "captured") {
		t.Error("a call is shown as an application's connection")
	}
}

// TestKillDriverInCall: rules and routes are gone soon, and neither side hangs.
func TestKillDriverInCall(t *testing.T) {
	p := newPlace(t)
	ended := make(chan error, 1)
	p.serveHere(calledPort, func(c net.Conn) {
		_, err := io.Copy(c, c)
		ended <- err
	})
	before := p.snapshot()
	dir := t.TempDir()
	driver := p.play("call driver", dir)
	defer p.kill(p.play("call sdk", dir))
	c := p.call("10.7.0.1:8080")
	p.talks(c)
	p.kill(driver)
	if err := <-ended; !errors.Is(err, unix.ECONNRESET) {
		t.Errorf("the application got %v", err)
	}
	var diff string
	p.until("everything is as before", func() bool {
		diff = netlab.Diff(withoutProcesses(before), withoutProcesses(p.snapshot()))
		return diff == ""
	})
	_, _ = c.Write([]byte("x")) // the kernel knows nothing of it
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, unix.ECONNRESET) {
		t.Errorf("the caller got %v", err)
	}
	p.serveHere(calledPort+1, echo)
	p.echoes(p.call("10.7.0.1:8081"))
}

// TestKillSDKInCall: caller and application learn of it.
func TestKillSDKInCall(t *testing.T) {
	p := newPlace(t)
	ended := make(chan error, 1)
	p.serveHere(calledPort, func(c net.Conn) {
		_, err := io.Copy(c, c)
		ended <- err
	})
	p.start(1, func(c *Config) { c.Incoming = []uint16{calledPort} })
	victim := p.play("call sdk", p.dirs[0])
	c := p.call("10.7.0.1:8080")
	p.talks(c)
	p.kill(victim)
	p.hears("SDK 1 is gone: its socket is closed; its 1 connection is reset")
	if err := <-ended; !errors.Is(err, unix.ECONNRESET) {
		t.Errorf("the application got %v", err)
	}
	_, _ = c.Write([]byte("x"))
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, unix.ECONNRESET) {
		t.Errorf("the caller got %v", err)
	}
}

func TestParsePorts(t *testing.T) {
	for _, tt := range []struct{ list, want string }{
		{"8080", "[8080] <nil>"},
		{"80, 443,65535", "[80 443 65535] <nil>"},
		{"22", "port 22 is never captured"},
		{"80,22", "port 22 is never captured"},
		{"0", "is no port"},
		{"", "is no port"},
		{"80,", "is no port"},
		{"-1", "is no port"},
		{"65536", "is no port"},
		{"http", "is no port"},
		{"80,81,80", "port 80 is named twice"},
		{"61084", "the driver's own"},
		{"65099", "the driver's own"},
		{"21184", "the driver's own"},
		{"1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17", "at most 16"},
	} {
		ports, err := ParsePorts(tt.list)
		if got := fmt.Sprint(ports, " ", err); !strings.Contains(got, tt.want) {
			t.Errorf("%q: got %s, want %s", tt.list, got, tt.want)
		}
	}
}

// TestCallBuiltin: Antedon's own TCP answers calls, and nothing is left of them.
func TestCallBuiltin(t *testing.T) {
	p := newPlace(t)
	p.start(0, func(c *Config) { c.Builtin, c.Incoming = true, []uint16{calledPort} })
	c, err := p.remote.Dial(p.ctx, "tcp", "10.7.0.1:8080")
	if err == nil {
		_, err = c.Read(make([]byte, 1))
		c.Close()
	}
	if !errors.Is(err, unix.ECONNRESET) {
		t.Errorf("without a listener: got %v", err)
	}
	p.callBulk(3_000_000, 3_000_000)
	p.callParallel()
	if c := p.driver.Counters(); c.Answered != 102 || c.BadChecksums+c.DroppedForSDK != 0 {
		t.Errorf("got %+v, want 102 calls", c)
	}
}

// TestCallBuiltinImpaired: over a path that loses packets.
func TestCallBuiltinImpaired(t *testing.T) {
	p := newPlace(t)
	p.start(0, func(c *Config) {
		c.Builtin, c.Incoming, c.Impair = true, []uint16{calledPort}, parsePlan(t, "loss=2%,delay=2ms,corrupt=0.1%,seed=3")
	})
	p.callBulk(300_000, 300_000)
}
