package antedon_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"github.com/antedon-net/antedon"
	"github.com/antedon-net/antedon/link"
)

func TestDatagrams(t *testing.T) {
	for _, offload := range []link.Offload{allOffload, link.OffloadNone} {
		for _, to := range []netip.Addr{right4.Addr(), right6.Addr()} {
			t.Run(fmt.Sprintf("%v, offload %d", to, offload), func(t *testing.T) {
				a, b := pipes(t, offload)
				testDatagrams(t, a, b, to)
			})
		}
	}
}

// testDatagrams sends datagrams of all sorts of sizes, most of them in fragments, and has them returned.
func testDatagrams(t *testing.T, a, b *antedon.Stack, to netip.Addr) {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	server, err := b.ListenPacket(ctx, "udp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	go func() {
		p := make([]byte, 1<<16)
		for {
			n, from, err := server.ReadFrom(p)
			if err != nil {
				return
			}
			server.WriteTo(p[:n], from)
		}
	}()
	port := server.LocalAddr().(*net.UDPAddr).Port
	c, err := a.DialPacket(ctx, "udp", netip.AddrPortFrom(to, uint16(port)).String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(closeTimeout))
	want, got := body(), make([]byte, 1<<16)
	for _, size := range []int{0, 1, 1400, 1472, 1473, 8000, 20_000, 65507} {
		if _, err := c.Write(want[:size]); err != nil {
			t.Fatalf("%d bytes: %v", size, err)
		}
		n, err := c.Read(got)
		if err != nil || !bytes.Equal(got[:n], want[:size]) {
			t.Errorf("%d bytes came back as %d: %v", size, n, err)
		}
	}
	if _, err := c.Write(want[:1<<16]); !errors.Is(err, syscall.EMSGSIZE) {
		t.Errorf("65536 bytes: %v, want %v", err, syscall.EMSGSIZE)
	}
}

func TestDatagramErrors(t *testing.T) {
	a, _ := pipes(t, allOffload)
	c, err := a.DialPacket(context.Background(), "udp", "10.0.0.2:9")
	if err != nil {
		t.Fatal(err)
	}
	c.SetDeadline(time.Now().Add(closeTimeout))
	c.Write([]byte("to a closed port"))
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("read after a port unreachable: %v, want %v", err, syscall.ECONNREFUSED)
	}
	c.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
	if _, err := c.Read(make([]byte, 1)); outcome(err) != "i/o timeout, op read, timeout" {
		t.Errorf("read at the deadline: %q", outcome(err))
	}
	c.Close()
	if _, err := c.Write(nil); !errors.Is(err, net.ErrClosed) {
		t.Errorf("write after close: %v", err)
	}
	if _, err := c.Read(nil); !errors.Is(err, net.ErrClosed) {
		t.Errorf("read after close: %v", err)
	}
}

func TestPing(t *testing.T) {
	a, _ := pipes(t, link.OffloadNone)
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	for _, to := range []netip.Addr{right4.Addr(), right6.Addr()} {
		p, err := a.NewPinger(netip.Addr{}, to)
		if err != nil {
			t.Fatal(err)
		}
		for seq, size := range []int{0, 56, 8000} {
			want := body()[:size]
			e, err := p.Ping(ctx, uint16(seq), want, 0)
			if err != nil || e.Err != 0 || e.From != to || int(e.Seq) != seq || !bytes.Equal(e.Payload, want) || e.RTT <= 0 {
				t.Errorf("%v, %d bytes: %v from %v, %d bytes back, error %v, %v", to, size, e.RTT, e.From, len(e.Payload), e.Err, err)
			}
		}
		p.Close()
	}
	p, err := a.NewPinger(netip.Addr{}, netip.MustParseAddr("10.0.0.9"))
	if err != nil {
		t.Fatal(err)
	}
	soon, cancel2 := context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel2()
	if _, err := p.Ping(soon, 1, nil, 0); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("nobody there: %v", err)
	}
}
