package driver

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/internal/netlab"
)

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

// echoToEnd echoes to whoever calls, and says how a connection has ended.
func (p *place) echoToEnd() <-chan error {
	ended := make(chan error, 1)
	p.serveHere(calledPort, func(c net.Conn) {
		_, err := io.Copy(c, c)
		ended <- err
	})
	return ended
}

// TestKillDriverInCall: rules and routes are gone soon, and neither side hangs.
func TestKillDriverInCall(t *testing.T) {
	p := newPlace(t)
	ended := p.echoToEnd()
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
	ended := p.echoToEnd()
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
