package driver

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/antedon-net/antedon/internal/netlab"
	"github.com/antedon-net/antedon/lab/exp4"
	"github.com/antedon-net/antedon/lab/table"
)

// until waits for something to become true.
func (p *place) until(what string, ok func() bool) {
	p.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-p.ctx.Done():
			p.Fatalf("not within %v: %s", limit, what)
		}
	}
}

// ends makes sure that a connection is over, in whatever way.
func (p *place) ends(c net.Conn) {
	p.Helper()
	if _, err := io.Copy(io.Discard, c); os.IsTimeout(err) {
		p.Error("a connection hangs")
	}
}

// stream serves endless bytes, and tells when the connection has failed.
func (p *place) stream(port int) <-chan error {
	failed := make(chan error, 10)
	p.serve(port, func(c net.Conn) {
		b := make([]byte, 1<<14)
		for {
			if _, err := c.Write(b); err != nil {
				failed <- err
				return
			}
		}
	})
	return failed
}

// stages are how far a connection has got when something is killed.
var stages = []string{"idle", "handshake", "data", "closing"}

// sdkPart is the SDK that brings a connection there: for a handshake that is not answered, one that says nothing.
func sdkPart(stage string) string {
	if stage == "handshake" {
		return "mute"
	}
	return "sdk"
}

// A peer is the remote end of the connections of a test.
type peer struct {
	failed <-chan error  // a stream's
	ended  chan struct{} // tells that an application has ended its stream, and then that the peer has
}

// Ports of a peer.
const (
	streamPort = ":7"
	endingPort = ":9"
)

func (p *place) peer() *peer {
	r := &peer{failed: p.stream(7), ended: make(chan struct{})}
	p.serve(9, func(c net.Conn) {
		_, _ = io.Copy(io.Discard, c)
		for range 2 { // it closes when the second one is taken
			select {
			case r.ended <- struct{}{}:
			case <-p.ctx.Done():
			}
		}
	})
	return r
}

// bring brings a connection to a stage, and returns it, or nil if that is idle.
func (p *place) bring(stage string, remote *peer, dial func(address string) *net.TCPConn) *net.TCPConn {
	p.Helper()
	switch stage {
	case "handshake":
		return dial("10.7.0.2" + streamPort)
	case "data":
		c := dial("10.7.0.2" + streamPort)
		if _, err := io.ReadFull(c, make([]byte, 1<<20)); err != nil {
			p.Fatal(err)
		}
		return c
	case "closing":
		c := dial("10.7.0.2" + endingPort)
		if err := c.CloseWrite(); err != nil {
			p.Fatal(err)
		}
		p.gets(remote.ended, "the peer hears of the end")
		return c
	}
	return nil
}

// gets waits for something from a channel.
func (p *place) gets(c <-chan struct{}, what string) {
	p.Helper()
	select {
	case <-c:
	case <-p.ctx.Done():
		p.Fatalf("not within %v: %s", limit, what)
	}
}

// TestKillDriver: whatever it was doing, rules, routes, sockets and processes are gone soon, and applications do not hang.
func TestKillDriver(t *testing.T) {
	for _, stage := range stages {
		t.Run(stage, func(t *testing.T) {
			p := newPlace(t)
			remote := p.peer()
			before := p.traces()
			dir := t.TempDir()
			driver := p.play("driver", dir)
			sdk := p.play(sdkPart(stage), dir)
			c := p.bring(stage, remote, p.dial)
			if during := p.traces(); !strings.Contains(during, "socket tcp 0100007F:52C0 ") {
				t.Errorf("no listener in\n%s", during)
			}
			killed := time.Now()
			p.kill(driver)
			p.until("everything is as before", func() bool {
				return netlab.Diff(withoutProcesses(before), withoutProcesses(p.traces())) == ""
			})
			t.Logf("as before %v after the kill", time.Since(killed).Round(time.Millisecond))
			if c != nil {
				p.ends(c)
			}
			if _, err := os.Lstat(filepath.Join(dir, exp4.DriverSocket)); !os.IsNotExist(err) {
				t.Errorf("the driver's socket is still there: %v", err)
			}
			p.kill(sdk)
			p.dial("10.7.0.2:7").Close()
			p.start(1, nil) // nothing is in its way
		})
	}
}

// traces is a snapshot with the sockets by which a driver may be known: those that listen, raw ones, and those of names like ours.
func (p *place) traces() string {
	p.Helper()
	all := p.snapshot()
	err := p.host.Do(func() error {
		for _, kind := range []string{"tcp", "tcp6", "raw", "raw6", "packet", "unix"} {
			b, err := os.ReadFile("/proc/thread-self/net/" + kind)
			if err != nil {
				return err
			}
			for i, line := range strings.Split(strings.TrimSpace(string(b)), "\n") {
				f := strings.Fields(line)
				switch {
				case i == 0 || kind == "unix" && !strings.Contains(line, "antedon-lab"):
				case kind == "packet" || kind == "unix":
					all += fmt.Sprintf("socket %s %s\n", kind, f[len(f)-1])
				case strings.HasPrefix(kind, "raw") || f[3] == "0A": // which listens
					all += fmt.Sprintf("socket %s %s %s\n", kind, f[1], f[3])
				}
			}
		}
		return nil
	})
	if err != nil {
		p.Fatal(err)
	}
	return all
}

// withoutProcesses leaves out the lines on processes: SDKs go on.
func withoutProcesses(s string) string {
	var out []byte
	for line := range strings.Lines(s) {
		if len(line) < 8 || line[:8] != "process " {
			out = append(out, line...)
		}
	}
	return string(out)
}

// TestKillSDK: its connections end on both sides, those of others go on, and another program may take its place.
func TestKillSDK(t *testing.T) {
	for _, stage := range stages {
		t.Run(stage, func(t *testing.T) {
			p := newPlace(t)
			remote := p.peer()
			p.serve(8, echo)
			p.start(2, func(c *Config) { c.Mode = Partial })
			p.sdk(1, nil)
			victim := p.play(sdkPart(stage), p.dirs[0])
			p.hears("SDK 1 said hello")
			other := p.dialFrom(2, "10.7.0.2:8")
			c := p.bring(stage, remote, func(address string) *net.TCPConn { return p.dialFrom(1, address) })
			what := "SDK 1 is gone: its socket is closed"
			if c != nil {
				p.until("it is asked", func() bool { return p.driver.Counters().Accepted == 2 })
				what += "; its 1 connection is reset"
			}
			p.kill(victim)
			p.hears(what)
			if c != nil {
				p.ends(c)
			}
			if stage == "data" {
				p.fails(remote)
			}
			p.echoes(other)
			p.play("sdk", p.dirs[0])
			p.until("another one is attached", func() bool { return p.driver.Attached() == 2 })
			p.echoes(p.dialFrom(1, "10.7.0.2:8"))
		})
	}
}

// fails waits until the peer has learnt that a connection is gone.
func (p *place) fails(remote *peer) {
	p.Helper()
	select {
	case <-remote.failed:
	case <-p.ctx.Done():
		p.Error("the peer hangs")
	}
}

// dialFrom connects an application whose connection is for the nth SDK.
func (p *place) dialFrom(n byte, address string) *net.TCPConn {
	p.Helper()
	c, err := p.host.DialWith(p.ctx, &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 84, n, 1)}}, "tcp", address)
	if err != nil {
		p.Fatal(err)
	}
	p.Cleanup(func() { c.Close() })
	if deadline, ok := p.ctx.Deadline(); ok {
		_ = c.SetDeadline(deadline)
	}
	return c.(*net.TCPConn)
}

// TestKillApplication: the peer learns of it, and nothing is kept.
func TestKillApplication(t *testing.T) {
	for _, stage := range []string{"data", "closing"} {
		t.Run(stage, func(t *testing.T) {
			p := newPlace(t)
			remote := p.peer()
			p.start(1, nil)
			p.sdk(0, nil)
			p.kill(p.bringProgram(stage, remote))
			if stage == "data" {
				p.fails(remote)
			} else {
				p.gets(remote.ended, "the peer closes") // which is what a kernel's TCP would wait for, too
			}
			p.until("the connection is forgotten", func() bool { return p.driver.owned(table.SDK(0)) == 0 })
		})
	}
}

// TestKillApplicationEarly: what it has said before it is connected might still be meant, so the SDK may finish the handshake and
// is then told of the end.
func TestKillApplicationEarly(t *testing.T) {
	p := newPlace(t)
	p.start(1, nil)
	ep, err := exp4.Dial(p.ctx, p.dirs[0])
	if err != nil {
		t.Fatal(err)
	}
	defer ep.Close()
	if deadline, ok := p.ctx.Deadline(); ok {
		_ = ep.SetReadDeadline(deadline)
	}
	hello := exp4.Hello()
	if err := ep.Send(&hello); err != nil {
		t.Fatal(err)
	}
	p.hears("SDK 1 said hello")
	nc := p.bringProgram("handshake", nil)
	p.until("it is captured", func() bool { return p.driver.Counters().Accepted == 1 })
	p.kill(nc)
	for {
		m, err := ep.Receive()
		if err != nil {
			t.Fatal(err)
		}
		answer := exp4.Message{Conn: m.Conn}
		switch {
		case m.Tick:
			continue
		case m.Flags == exp4.Connect:
			answer.Flags = exp4.Connect // app_connected
		case m.Flags == exp4.FIN:
			answer.Flags = exp4.Release
		}
		if err := ep.Send(&answer); err != nil {
			t.Fatal(err)
		}
		if m.Flags == exp4.FIN {
			break
		}
	}
	p.until("the connection is forgotten", func() bool { return p.driver.owned(table.SDK(0)) == 0 })
}

// bringProgram has nc bring a connection to a stage.
func (p *place) bringProgram(stage string, remote *peer) *netlab.Cmd {
	p.Helper()
	args := []string{"10.7.0.2", streamPort[1:]}
	if stage == "closing" {
		args = []string{"-N", "10.7.0.2", endingPort[1:]}
	}
	nc := p.host.Command(p.ctx, "nc", args...)
	if stage == "closing" {
		nc.Stdin = strings.NewReader("")
	}
	out, err := nc.StdoutPipe()
	if err == nil {
		err = nc.Start()
	}
	if err == nil && stage == "data" {
		_, err = io.ReadFull(out, make([]byte, 1<<20))
	}
	if err != nil {
		p.Fatal(err)
	}
	p.Cleanup(func() { p.kill(nc) })
	if stage == "closing" {
		p.gets(remote.ended, "the peer hears of the end")
	}
	return nc
}
