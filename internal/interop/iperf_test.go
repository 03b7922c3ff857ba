package interop

import (
	"encoding/json"
	"io"
	"net"
	"net/netip"
	"strconv"
	"testing"

	"github.com/antedon-net/antedon"
)

// forward is a plain forwarder on the stack: it hands every connection on to another one.
func forward(t *testing.T, stack *antedon.Stack, ln net.Listener, to string) {
	for {
		in, err := ln.Accept()
		if err != nil {
			return
		}
		go func() {
			defer in.Close()
			out, err := stack.Dial(t.Context(), "tcp", to)
			if err != nil {
				t.Error(err)
				return
			}
			defer out.Close()
			back := make(chan struct{})
			go func() {
				pass(in, out)
				close(back)
			}()
			pass(out, in)
			<-back
		}()
	}
}

// pass carries one direction to its end. Who is reset in the middle of it resets the other, by closing it.
func pass(to, from net.Conn) {
	io.Copy(to, from)
	to.(*antedon.Conn).CloseWrite()
}

// TestIperf3 has two iperf3, both on the kernel's TCP, measure a forwarder on the stack between them.
func TestIperf3(t *testing.T) {
	t.Parallel()
	onEachLink(t, func(t *testing.T, b *bed) {
		v4, v6 := b.versions()[0], b.versions()[1]
		t.Run("IPv4, up", func(t *testing.T) { measure(t, b, v4) })
		t.Run("IPv4, down", func(t *testing.T) { measure(t, b, v4, "-R") })
		t.Run("IPv6, four up", func(t *testing.T) { measure(t, b, v6, "-P", "4") })
		t.Run("IPv6, four down", func(t *testing.T) { measure(t, b, v6, "-P", "4", "-R") })
	})
}

// measure runs iperf3 through the forwarder and checks that it is content.
func measure(t *testing.T, b *bed, v version, args ...string) {
	const port, want = 5201, 200 << 20 / slow
	ln, err := b.stack.Listen(t.Context(), "tcp", netip.AddrPortFrom(v.ours, port).String())
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	go forward(t, b.stack, ln, netip.AddrPortFrom(v.kernel, port).String())
	// One test each (-1): between tests the server does not listen for a moment.
	s := b.start(t, nil, nil, "Server listening", "iperf3", "-s", "-1", "-B", v.kernel.String(), "--forceflush")
	out := b.run(t, "iperf3", append(args, "-c", v.ours.String(), "-n", strconv.Itoa(want), "-J")...)
	s.wait(t)
	var report struct {
		Error string
		End   struct {
			Sent     struct{ Bytes int64 } `json:"sum_sent"`
			Received struct{ Bytes int64 } `json:"sum_received"`
		}
	}
	if err := json.Unmarshal(out, &report); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	// The client ends as soon as it has counted enough: what buffers hold then does not arrive.
	if r := report.End; report.Error != "" || max(r.Sent.Bytes, r.Received.Bytes) < want || r.Received.Bytes < want/10 {
		t.Errorf("iperf3: %q, sent %d and received %d bytes, want %d", report.Error, r.Sent.Bytes, r.Received.Bytes, want)
	}
}
