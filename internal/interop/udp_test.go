package interop

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"testing"
	"time"
)

// TestUDP sends datagrams there and back: empty ones, and ones that take fragments.
func TestUDP(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, b *bed, c corner) {
		server, err := c.server.ListenPacket(t.Context(), "udp", netip.AddrPortFrom(c.to, 0).String())
		if err != nil {
			t.Fatal(err)
		}
		defer server.Close()
		client, err := c.client.Dial(t.Context(), "udp", server.LocalAddr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		client.SetDeadline(time.Now().Add(limit))
		server.SetDeadline(time.Now().Add(limit))
		for _, size := range []int{0, 1, 1472, 1473, 20_000, 65_507} {
			want := make([]byte, size)
			newStream(fmt.Sprint(size)).Read(want)
			if _, err := client.Write(want); err != nil {
				t.Fatalf("%d bytes: %v", size, err)
			}
			buf := make([]byte, 1<<16)
			n, from, err := server.ReadFrom(buf)
			if err != nil || !bytes.Equal(buf[:n], want) || from.String() != client.LocalAddr().String() {
				t.Fatalf("%d bytes: the server got %d from %v, %v", size, n, from, err)
			}
			if _, err := server.WriteTo(want, from); err != nil {
				t.Fatalf("%d bytes: %v", size, err)
			}
			clear(buf)
			if n, err := client.Read(buf); err != nil || !bytes.Equal(buf[:n], want) {
				t.Fatalf("%d bytes: the client got %d, %v", size, n, err)
			}
		}
	})
}

// TestUDPUnreachable: who sends to a port without a socket hears of it.
func TestUDPUnreachable(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, b *bed, c corner) {
		client, err := c.client.Dial(t.Context(), "udp", netip.AddrPortFrom(c.to, 9).String())
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		client.SetDeadline(time.Now().Add(limit))
		if _, err := client.Write([]byte("anybody there?")); err != nil {
			t.Fatal(err)
		}
		n, err := client.Read(make([]byte, 100))
		var op *net.OpError
		if !errors.Is(err, syscall.ECONNREFUSED) || !errors.As(err, &op) {
			t.Errorf("got %d, %v; want ECONNREFUSED", n, err)
		}
	})
}
