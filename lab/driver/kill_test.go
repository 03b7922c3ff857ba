package driver

import (
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/internal/netlab"
	"github.com/antedon-net/antedon/lab/exp4"
	"github.com/antedon-net/antedon/lab/table"
	"github.com/antedon-net/antedon/wire"
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

// TestKillDriver: whatever it was doing, rules, routes and processes are gone soon, and applications do not hang.
func TestKillDriver(t *testing.T) {
	for _, stage := range []string{"idle", "asked", "carrying"} {
		t.Run(stage, func(t *testing.T) {
			p := newPlace(t)
			p.stream(7)
			before := p.snapshot()
			dir := t.TempDir()
			driver := p.play("driver", dir)
			var c net.Conn
			switch stage {
			case "asked":
				defer p.kill(p.play("mute", dir))
				c = p.dial("10.7.0.2:7")
			case "carrying":
				defer p.kill(p.play("sdk", dir))
				c = p.dial("10.7.0.2:7")
				if _, err := io.ReadFull(c, make([]byte, 1<<20)); err != nil {
					t.Fatal(err)
				}
			}
			p.kill(driver)
			if c != nil {
				p.ends(c)
			}
			var diff string
			p.until("everything is as before", func() bool {
				diff = netlab.Diff(withoutProcesses(before), withoutProcesses(p.snapshot()))
				return diff == ""
			})
			p.dial("10.7.0.2:7").Close()
			p.start(1, nil) // nothing is in its way
		})
	}
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
	for _, stage := range []string{"mute", "sdk"} {
		t.Run(stage, func(t *testing.T) {
			p := newPlace(t)
			p.serve(8, echo)
			failed := p.stream(7)
			p.start(2, func(c *Config) { c.Mode = Partial })
			p.sdk(1, nil)
			victim := p.play(stage, p.dirs[0])
			p.hears("SDK 1 said hello")
			other, c := p.dialFrom(2, "10.7.0.2:8"), p.dialFrom(1, "10.7.0.2:7")
			if stage == "sdk" {
				if _, err := io.ReadFull(c, make([]byte, 1<<20)); err != nil {
					t.Fatal(err)
				}
			} else {
				p.until("it is asked", func() bool { return p.driver.Counters().Accepted == 2 })
			}
			p.kill(victim)
			p.hears("SDK 1 is gone: its socket is closed; its 1 connection is reset")
			p.ends(c)
			if stage == "sdk" {
				select {
				case <-failed:
				case <-p.ctx.Done():
					t.Error("the peer hangs")
				}
			}
			p.echoes(other)
			p.play("sdk", p.dirs[0])
			p.until("another one is attached", func() bool { return p.driver.Attached() == 2 })
			p.echoes(p.dialFrom(1, "10.7.0.2:8"))
		})
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
	p := newPlace(t)
	failed := p.stream(7)
	p.start(1, nil)
	p.sdk(0, nil)
	nc := p.host.Command(p.ctx, "nc", "10.7.0.2", "7")
	out, err := nc.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := nc.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(out, make([]byte, 1<<20)); err != nil {
		t.Fatal(err)
	}
	p.kill(nc)
	select {
	case <-failed:
	case <-p.ctx.Done():
		t.Error("the peer hangs")
	}
	p.until("the connection is forgotten", func() bool { return p.driver.owned(table.SDK(0)) == 0 })
}

// TestStalledSDK: one that does not read is reported, holds up its own applications only, and may go on.
func TestStalledSDK(t *testing.T) {
	p := newPlace(t)
	p.serve(8, echo)
	p.start(2, func(c *Config) { c.Mode, c.Stall = Partial, 50*time.Millisecond })
	p.sdk(1, nil)
	stalled := p.play("sdk", p.dirs[0])
	p.hears("SDK 1 said hello")
	c := p.dialFrom(1, "10.7.0.2:8")
	if _, err := c.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(c, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	if err := stalled.Process.Signal(unix.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	want := random(5_000_000, 1)
	go func() {
		_, _ = c.Write(want)
		_ = c.CloseWrite()
	}()
	p.hears("SDK 1 has not read for 50ms: its applications wait")
	p.echoes(p.dialFrom(2, "10.7.0.2:8"))
	if err := stalled.Process.Signal(unix.SIGCONT); err != nil {
		t.Fatal(err)
	}
	p.hears("SDK 1 reads again")
	got, err := io.ReadAll(c)
	if err != nil || string(got) != string(want) {
		t.Errorf("got %d bytes, %v, want %d", len(got), err, len(want))
	}
}

// TestRubbish: whatever an SDK sends is reported once, and others notice nothing.
func TestRubbish(t *testing.T) {
	p := newPlace(t)
	p.serve(8, echo)
	p.start(2, func(c *Config) { c.Mode = Partial })
	p.sdk(1, nil)
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Net: "unixgram", Name: filepath.Join(p.dirs[0], exp4.DriverSocket)})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	flood := func(n int, datagram func(i int) []byte) {
		t.Helper()
		for i := range n {
			if _, err := conn.Write(datagram(i)); err != nil {
				t.Fatal(err)
			}
		}
	}
	strange, err := exp4.Append(nil, &exp4.Message{Flags: exp4.Segment, Bytes: []byte("whose?")})
	if err != nil {
		t.Fatal(err)
	}
	flood(1, func(int) []byte { return []byte("rubbish") })
	p.hears("SDK 1: before its hello: a datagram of 7 bytes: not a BSON document")
	sdk, err := exp4.Dial(p.ctx, p.dirs[0])
	if err != nil {
		t.Fatal(err)
	}
	defer sdk.Close()
	go func() {
		for {
			if _, err := sdk.Receive(); err != nil {
				return
			}
		}
	}()
	hello := exp4.Hello()
	if err := sdk.Send(&hello); err != nil {
		t.Fatal(err)
	}
	p.hears("SDK 1 said hello")
	for i := range 20_000 {
		m := exp4.Message{Flags: exp4.Flags(i % 300), Conn: exp4.Hello().Conn, Bytes: strange}
		if m.Flags == exp4.Greet {
			continue
		}
		if err := sdk.Send(&m); err != nil {
			t.Fatal(err)
		}
	}
	p.echoes(p.dialFrom(2, "10.7.0.2:8"))
	p.hears("SDK 1: tcp_tx for a connection that is not its own, or no more")
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.lines) > 6 {
		t.Errorf("the driver said much: %d lines", len(p.lines))
	}
}

// TestPeer: what a hostile or confused remote host sends.
func TestPeer(t *testing.T) {
	p := newPlace(t)
	p.start(1, nil)
	p.sdk(0, nil)
	var raw net.PacketConn
	err := p.remote.Do(func() (err error) {
		raw, err = net.ListenPacket("ip4:tcp", "10.7.0.2")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	send := func(b []byte) {
		t.Helper()
		if _, err := raw.WriteTo(b, &net.IPAddr{IP: net.IPv4(10, 7, 0, 1)}); err != nil {
			t.Fatal(err)
		}
	}
	wrong, stray := strayACK(), strayACK()
	wrong[17] ^= 1
	for range 3 {
		send(wrong)
	}
	p.until("bad checksums are counted", func() bool { return p.driver.Counters().BadChecksums == 3 })
	send(stray)
	p.until("a stray is refused", func() bool { return p.driver.Counters().Refused == 1 })
	b := make([]byte, 1500)
	if deadline, ok := p.ctx.Deadline(); ok {
		_ = raw.SetReadDeadline(deadline)
	}
	n, _, err := raw.ReadFrom(b)
	if err != nil || n != 20 || b[13] != flagRST {
		t.Errorf("got %x, %v, want a reset of the driver's", b[:n], err)
	}
	send(stray)
	if n, _, err = raw.ReadFrom(b); err != nil || n != 20 || string(b[4:8]) != string(stray[8:12]) {
		t.Errorf("got %x, %v, want one reset for each stray, and none of the kernel's", b[:n], err)
	}
}

// strayACK is an ACK to a port of the pool that belongs to no connection.
func strayACK() []byte {
	return callSegment(80, 61099, flagACK)
}

// callSegment is a segment from the remote host without text.
func callSegment(from, to uint16, flags wire.Flags) []byte {
	name := exp4.Conn{
		Src: netip.AddrPortFrom(netip.MustParseAddr("10.7.0.2"), from), Dst: netip.AddrPortFrom(netip.MustParseAddr("10.7.0.1"), to),
	}
	h := wire.TCP{SrcPort: from, DstPort: to, Seq: 7, Ack: 9, Flags: flags, Window: 1000}
	b := h.AppendTo(nil)
	binary.BigEndian.PutUint16(b[16:], wire.TransportChecksum(wire.PseudoSum(wire.ProtoTCP, name.Src.Addr(), name.Dst.Addr(), len(b)), b))
	return b
}
