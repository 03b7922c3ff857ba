package driver

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/internal/netlab"
	"github.com/antedon-net/antedon/lab/table"
)

// TestEcho: bytes go to a kernel and back, over IPv4 and IPv6, and each stream ends.
func TestEcho(t *testing.T) {
	p := newPlace(t)
	p.serve(7, echo)
	p.start(1, nil)
	p.sdk(0, nil)
	for _, addr := range []string{"10.7.0.2:7", "[fd07::2]:7"} {
		p.echoes(p.dial(addr))
	}
	if c := p.driver.Counters(); c.Accepted != 2 || c.Connected != 2 || c.FromApp != 10 || c.ToApp != 10 || c.Mistakes != 0 {
		t.Errorf("got %+v, want two connections", c)
	}
}

// echoes makes sure that a connection echoes, and closes it.
func (p *place) echoes(c *net.TCPConn) {
	p.Helper()
	defer c.Close()
	if _, err := io.WriteString(c, "hello"); err != nil {
		p.Fatal(err)
	}
	if err := c.CloseWrite(); err != nil {
		p.Fatal(err)
	}
	got, err := io.ReadAll(c)
	if err != nil || string(got) != "hello" {
		p.Fatalf("%s: got %q, %v, want hello", c.RemoteAddr(), got, err)
	}
}

// random returns n bytes that are the same for the same seed.
func random(n int, seed byte) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{seed}).Read(b)
	return b
}

// bulk sends 3 MB up and takes 10 MB down, on one connection at the same time.
func (p *place) bulk(up, down int) {
	p.Helper()
	sent, answer := random(up, 1), random(down, 2)
	received := make(chan []byte, 1)
	p.serve(9, func(c net.Conn) {
		var wg sync.WaitGroup
		wg.Go(func() {
			_, _ = c.Write(answer)
			_ = c.(*net.TCPConn).CloseWrite()
		})
		b, _ := io.ReadAll(c)
		wg.Wait()
		received <- b
	})
	c := p.dial("10.7.0.2:9")
	go func() {
		_, _ = c.Write(sent)
		_ = c.CloseWrite()
	}()
	got, err := io.ReadAll(c)
	if err != nil || !bytes.Equal(got, answer) {
		p.Errorf("down: got %d bytes, %v, want %d", len(got), err, len(answer))
	}
	if got := <-received; !bytes.Equal(got, sent) {
		p.Errorf("up: got %d bytes, want %d", len(got), len(sent))
	}
}

func TestBulk(t *testing.T) {
	p := newPlace(t)
	p.start(1, nil)
	p.sdk(0, nil)
	p.bulk(3_000_000, 10_000_000)
}

// TestParallel: a hundred connections at once, over two SDKs.
func TestParallel(t *testing.T) {
	p := newPlace(t)
	p.serve(7, echo)
	p.start(2, nil)
	p.sdk(0, nil)
	p.sdk(1, nil)
	p.parallel(100, "10.7.0.2:7")
	for i := range 2 {
		if n := p.driver.owned(table.SDK(i)); n == 100 {
			t.Errorf("SDK %d was given all connections", i+1)
		}
	}
}

// parallel has n connections at once bring their bytes back from an echo server.
func (p *place) parallel(n int, address string) {
	p.Helper()
	var wg sync.WaitGroup
	for i := range n {
		want := random(20_000, byte(i))
		c := p.dial(address)
		wg.Go(func() {
			_, _ = c.Write(want)
			_ = c.CloseWrite()
		})
		wg.Go(func() {
			if got, err := io.ReadAll(c); err != nil || !bytes.Equal(got, want) {
				p.Errorf("connection %d: got %d bytes, %v, want %d", i, len(got), err, len(want))
			}
		})
	}
	wg.Wait()
}

// owned returns how many connections an SDK has.
func (d *Driver) owned(sdk table.SDK) int {
	n := make(chan int, 1)
	_ = d.loop.Post(func() { n <- d.table.Count(sdk) })
	return <-n
}

// TestLeavesNothing: the host is as it was, and what is not to be captured is not.
func TestLeavesNothing(t *testing.T) {
	p := newPlace(t)
	p.serve(7, echo)
	p.serve(22, echo)
	before := p.snapshot()
	earlier := p.dial("10.7.0.2:7") // not captured: it was there before
	p.start(1, nil)
	if during := p.snapshot(); !strings.Contains(during, tableName) || !strings.Contains(during, "table 84") {
		t.Errorf("no rules, or no routes, in\n%s", during)
	}
	p.echoes(p.dial("10.7.0.2:22")) // without any SDK
	p.echoes(p.dial("[fd07::2]:22"))
	p.local()
	p.refused("10.7.0.2:7")
	p.hears("no SDK is attached")
	if err := p.driver.Close(); err != nil {
		t.Error(err)
	}
	p.echoes(earlier)
	p.echoes(p.dial("10.7.0.2:7"))
	if diff := netlab.Diff(before, p.snapshot()); diff != "" {
		t.Errorf("not as before:\n%s", diff)
	}
}

func (p *place) snapshot() (s string) {
	p.Helper()
	err := p.host.Do(func() (err error) {
		s, err = netlab.Snapshot()
		return err
	})
	if err != nil {
		p.Fatal(err)
	}
	return s
}

// local makes sure that what stays on the host is not captured.
func (p *place) local() {
	p.Helper()
	for _, addr := range []string{"127.0.0.1:0", "10.7.0.1:0", "[::1]:0"} {
		ln, err := p.host.Listen(p.ctx, "tcp", addr)
		if err != nil {
			p.Fatal(err)
		}
		go func() {
			if c, err := ln.Accept(); err == nil {
				echo(c)
				c.Close()
			}
		}()
		p.echoes(p.dial(ln.Addr().String()))
		ln.Close()
	}
}

// TestTwoDrivers: a second one is refused, and somebody may ask the first to stop.
func TestTwoDrivers(t *testing.T) {
	p := newPlace(t)
	before := p.snapshot()
	p.start(1, nil)
	if d, err := Start(Config{Namespace: p.host.Namespace, Dirs: []string{t.TempDir()}}); !errors.Is(err, errRunning) {
		t.Fatalf("got %v, %v, want %v", d, err, errRunning)
	}
	p.sdk(0, nil)
	err := p.host.Do(func() error {
		s, err := Query()
		if err == nil && (s.Mode != All || s.SDKs != 1 || s.Counters.Hellos != 1) {
			err = fmt.Errorf("got %+v, want one SDK", s)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	cleared := make(chan error, 1)
	go func() { cleared <- p.host.Do(Clear) }()
	<-p.driver.Done()
	if err := p.driver.Close(); err != nil {
		t.Error(err)
	}
	if err := <-cleared; err != nil {
		t.Error(err)
	}
	if diff := netlab.Diff(before, p.snapshot()); diff != "" {
		t.Errorf("not as before:\n%s", diff)
	}
	if err := p.host.Do(func() error { _, err := Query(); return err }); !errors.Is(err, ErrNotRunning) {
		t.Errorf("got %v, want %v", err, ErrNotRunning)
	}
}

// TestPartial: only connections from 127.84.0.0/16 are captured, and the third byte chooses the SDK.
func TestPartial(t *testing.T) {
	p := newPlace(t)
	p.serve(7, echo)
	p.start(2, func(c *Config) { c.Mode = Partial })
	p.sdk(0, nil)
	p.sdk(1, nil)
	p.echoes(p.dial("10.7.0.2:7"))
	if c := p.driver.Counters(); c.Accepted != 0 {
		t.Errorf("got %d connections, want none", c.Accepted)
	}
	for i := range 2 {
		from := net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 84, byte(i + 1), 9}), 0))
		c, err := p.host.DialWith(p.ctx, &net.Dialer{LocalAddr: from}, "tcp", "10.7.0.2:7")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(c, "x"); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(c, make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		if n := p.driver.owned(table.SDK(i)); n != 1 {
			t.Errorf("SDK %d has %d connections, want 1", i+1, n)
		}
		p.echoes(c.(*net.TCPConn))
	}
}

// TestResets: what either side resets is reset on the other.
func TestResets(t *testing.T) {
	p := newPlace(t)
	seen := make(chan error, 1)
	p.serve(7, func(c net.Conn) {
		_, _ = io.WriteString(c, "!")
		_, err := io.Copy(io.Discard, c)
		seen <- err
	})
	p.serve(8, func(c net.Conn) {
		_, _ = c.Read(make([]byte, 1))
		_ = c.(*net.TCPConn).SetLinger(0)
	})
	p.start(1, nil)
	p.sdk(0, nil)
	p.refused("10.7.0.2:1")
	byPeer := p.dial("10.7.0.2:8")
	if _, err := byPeer.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if _, err := byPeer.Read(make([]byte, 1)); !errors.Is(err, unix.ECONNRESET) {
		t.Errorf("reset by the peer: got %v", err)
	}
	byApp := p.dial("10.7.0.2:7")
	if _, err := byApp.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	_ = byApp.SetLinger(0)
	byApp.Close()
	select {
	case err := <-seen:
		if !errors.Is(err, unix.ECONNRESET) {
			t.Errorf("reset by the application: the peer got %v", err)
		}
	case <-p.ctx.Done():
		t.Error("reset by the application: the peer was not told")
	}
}

// TestResetAfterEnd: an application that has ended its stream, and then fails, is noticed although nothing is read or written.
func TestResetAfterEnd(t *testing.T) {
	p := newPlace(t)
	ended := make(chan error, 1)
	p.serve(7, func(c net.Conn) {
		_, err := io.Copy(io.Discard, c)
		ended <- err
		<-p.ctx.Done() // and says nothing
	})
	p.start(1, nil)
	p.sdk(0, nil)
	c := p.dial("10.7.0.2:7")
	if err := c.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	_ = c.SetLinger(0)
	c.Close()
	p.until("the connection is forgotten", func() bool { return p.driver.owned(0) == 0 })
}

// refused makes sure that a connection is reset, perhaps before the application knows that it is there.
func (p *place) refused(address string) {
	p.Helper()
	c, err := p.host.Dial(p.ctx, "tcp", address)
	if err == nil {
		defer c.Close()
		_, err = c.Read(make([]byte, 1))
	}
	if !errors.Is(err, unix.ECONNRESET) {
		p.Errorf("%s: got %v, want a reset", address, err)
	}
}

// TestNeverReleased: a program that never calls release_connection does not keep what is done.
func TestNeverReleased(t *testing.T) {
	p := newPlace(t)
	p.serve(7, echo)
	p.start(1, func(c *Config) { c.Table.Idle = 1 })
	p.sdk(0, func(s *testSDK) { s.keep = true })
	p.echoes(p.dial("10.7.0.2:7"))
	p.hears("has never released")
}
