package driver

import (
	"bytes"
	"errors"
	"io"
	"net"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/internal/netlab"
	"github.com/antedon-net/antedon/lab/exp4"
)

// TestHarm: whatever an SDK does, it is told in one line, and the connections of another one go on.
func TestHarm(t *testing.T) {
	for _, row := range []struct {
		name, says string
		harm       func(p *place)
	}{
		{"crashes", "SDK 1 is gone: its socket is closed; its 1 connection is reset", func(p *place) { p.kill(p.stalling()) }},
		{"stalls", "SDK 1 has not read for 50ms: its applications wait", func(p *place) {
			if err := p.stalling().Process.Signal(unix.SIGSTOP); err != nil {
				p.Fatal(err)
			}
		}},
		{"sends rubbish", "SDK 1: a datagram of 7 bytes", func(p *place) {
			p.floods(func(i int) []byte { return make([]byte, 7+i%1000) })
		}},
		{"floods", "SDK 1: tcp_tx for a connection that is not its own", func(p *place) {
			m := encoded(p.T, exp4.Message{Conn: exp4.Hello().Conn, Flags: exp4.Segment, Bytes: make([]byte, 1400)})
			p.floods(func(int) []byte { return m })
		}},
		{"greets on and on", "SDK 1: it says hello again and again", func(p *place) {
			hello := encoded(p.T, exp4.Hello())
			p.floods(func(int) []byte { return hello })
		}},
		{"has more to say than is read", "wait for an application that does not read: reset", func(p *place) { p.overflows() }},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := newPlace(t)
			p.serve(8, echo)
			p.start(2, func(c *Config) {
				c.Mode, c.Table.HardLimit = Partial, 4<<20
				if row.name == "stalls" { // in the other rows a busy machine must not make it seem so
					c.Stall = 50 * time.Millisecond
				}
			})
			p.sdk(1, nil)
			rounds, stop := p.steady(p.dialFrom(2, "10.7.0.2:8"))
			row.harm(p)
			p.hears(row.says)
			reached := rounds.Load() + 20
			p.until("the other connection goes on", func() bool { return rounds.Load() >= reached })
			stop()
			if told := p.told("SDK 1"); len(told) != 1 {
				t.Errorf("got %d lines, want one:\n%s", len(told), strings.Join(told[:min(len(told), 20)], "\n"))
			}
		})
	}
}

// told returns what the driver has said of a program, but for its first hellos.
func (p *place) told(program string) (lines []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, line := range p.lines {
		if strings.HasPrefix(line, program) && !strings.HasSuffix(line, "said hello") {
			lines = append(lines, line)
		}
	}
	return lines
}

// steady has an echo server return bytes, round by round, until it is stopped.
func (p *place) steady(c *net.TCPConn) (rounds *atomic.Int64, stop func()) {
	rounds = new(atomic.Int64)
	done, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		want, got := random(50_000, 4), make([]byte, 50_000)
		for {
			select {
			case <-done:
				ended <- nil
				return
			default:
			}
			_, err := c.Write(want)
			if err == nil {
				_, err = io.ReadFull(c, got)
			}
			if err == nil && !bytes.Equal(got, want) {
				err = errors.New("other bytes came back")
			}
			if err != nil {
				ended <- err
				return
			}
			rounds.Add(1)
		}
	}()
	return rounds, func() {
		p.Helper()
		close(done)
		if err := <-ended; err != nil {
			p.Errorf("the other connection: %v", err)
		}
	}
}

// stalling starts SDK 1, and an application that sends an endless stream through it and gets it back.
func (p *place) stalling() *netlab.Cmd {
	p.Helper()
	sdk := p.play("sdk", p.dirs[0])
	p.hears("SDK 1 said hello")
	c := p.dialFrom(1, "10.7.0.2:8")
	go io.Copy(io.Discard, c)
	go func() {
		for b := make([]byte, 1<<14); ; {
			if _, err := c.Write(b); err != nil {
				return
			}
		}
	}()
	p.until("bytes come", func() bool { return p.driver.Counters().ToApp > 1<<20 })
	return sdk
}

// floods has SDK 1 send datagrams after its hello, as fast as they are taken, until the test ends.
func (p *place) floods(datagram func(i int) []byte) {
	p.Helper()
	unixgram := func(name string) *net.UnixAddr {
		return &net.UnixAddr{Net: "unixgram", Name: filepath.Join(p.dirs[0], name)}
	}
	conn, err := net.DialUnix("unixgram", unixgram(exp4.SDKSocket), unixgram(exp4.DriverSocket))
	if err != nil {
		p.Fatal(err)
	}
	p.Cleanup(func() { conn.Close() })
	if _, err := conn.Write(encoded(p.T, exp4.Hello())); err != nil {
		p.Fatal(err)
	}
	p.hears("SDK 1 said hello")
	go io.Copy(io.Discard, conn)
	go func() {
		for i := 0; ; i++ {
			if _, err := conn.Write(datagram(i)); err != nil {
				return // the test has ended
			}
		}
	}()
}

func encoded(t *testing.T, m exp4.Message) []byte {
	t.Helper()
	b, err := exp4.Append(nil, &m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// overflows has SDK 1 connect an application that reads nothing, and say more to it than anybody keeps.
func (p *place) overflows() {
	p.Helper()
	ep, err := exp4.Dial(p.ctx, p.dirs[0])
	if err != nil {
		p.Fatal(err)
	}
	p.Cleanup(func() { ep.Close() })
	hello := exp4.Hello()
	if err := ep.Send(&hello); err != nil {
		p.Fatal(err)
	}
	p.hears("SDK 1 said hello")
	p.dialFrom(1, "10.7.0.2:8")
	for {
		m, err := ep.Receive()
		if err != nil {
			p.Fatal(err)
		}
		if m.Flags == exp4.Connect && !m.Tick {
			p.says(ep, m.Conn)
			return
		}
	}
}

// says connects a connection and then sends to its application until the test ends.
func (p *place) says(ep *exp4.Endpoint, name exp4.Conn) {
	go func() {
		for m := (exp4.Message{Conn: name, Flags: exp4.Connect}); ep.Send(&m) == nil; {
			m.Flags, m.Bytes = exp4.Data, make([]byte, 60_000)
		}
	}()
	go func() {
		for {
			if _, err := ep.Receive(); err != nil {
				return
			}
		}
	}()
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
