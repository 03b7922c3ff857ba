package interop

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon"
)

// optSynData is TCPI_OPT_SYN_DATA: text in the SYN was acknowledged, or taken.
const optSynData = 32

// TestFastOpen lets the kernel and the stack open connections with text in the SYN, in each direction.
func TestFastOpen(t *testing.T) {
	t.Parallel()
	for _, l := range links {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t, l.options, antedon.Config{})
			err := b.Do(func() error { return os.WriteFile("/proc/sys/net/ipv4/tcp_fastopen", []byte("3"), 0) })
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range b.versions() {
				t.Run(v.name+", the kernel serves", func(t *testing.T) { b.fastOpenToKernel(t, v.kernel) })
				t.Run(v.name+", we serve", func(t *testing.T) { b.fastOpenToUs(t, v.ours) })
			}
		})
	}
}

// fastOpenToKernel opens connections to a listener of the kernel.
func (b *bed) fastOpenToKernel(t *testing.T, at netip.Addr) {
	lc := net.ListenConfig{Control: setOption(unix.TCP_FASTOPEN, 16)}
	lc.SetMultipathTCP(false)
	var ln net.Listener
	err := b.Do(func() (err error) {
		ln, err = lc.Listen(bounded(t), "tcp", netip.AddrPortFrom(at, 0).String())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	d := antedon.Dialer{Stack: b.stack, FastOpen: true}
	for i := range 4 {
		client, err := d.Dial(bounded(t), "tcp", ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		server := converse(t, ln, client, i)
		ours, kernel := client.(*antedon.Conn).Info(), tcpInfo(t, server.(*net.TCPConn))
		if got := strings.Contains(ours.Options, "fastopen"); got != (i > 0) || kernel.Options&optSynData != 0 != got {
			t.Errorf("connection %d: we have %q, the kernel %#x; text in the SYN: want %v", i, ours.Options, kernel.Options, i > 0)
		}
	}
}

// fastOpenToUs opens connections to a listener of the stack.
func (b *bed) fastOpenToUs(t *testing.T, at netip.Addr) {
	ln, err := (&antedon.ListenConfig{Stack: b.stack, FastOpen: 16}).Listen(bounded(t), "tcp", netip.AddrPortFrom(at, 0).String())
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	d := net.Dialer{Control: setOption(unix.TCP_FASTOPEN_CONNECT, 1)}
	for i := range 4 {
		client, err := b.DialWith(bounded(t), &d, "tcp", ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		server := converse(t, ln, client, i)
		ours, kernel := server.(*antedon.Conn).Info(), tcpInfo(t, client.(*net.TCPConn))
		if got := strings.Contains(ours.Options, "fastopen"); got != (i > 0) || kernel.Options&optSynData != 0 != got {
			t.Errorf("connection %d: we have %q, the kernel %#x; text in the SYN: want %v", i, ours.Options, kernel.Options, i > 0)
		}
	}
}

// converse sends a request and an answer over a connection that may not be there yet, and returns the server's end.
func converse(t *testing.T, ln net.Listener, client net.Conn, i int) net.Conn {
	t.Helper()
	t.Cleanup(func() { client.Close() })
	request := fmt.Sprintf("request %d", i)
	if _, err := io.WriteString(client, request); err != nil {
		t.Fatal(err)
	}
	server := accept(t, ln, client)
	for _, c := range []struct {
		from, to net.Conn
		text     string
	}{{nil, server, request}, {server, client, "answer"}, {client, server, "and more"}} {
		if c.from != nil {
			if _, err := io.WriteString(c.from, c.text); err != nil {
				t.Fatal(err)
			}
		}
		got := make([]byte, len(c.text))
		if _, err := io.ReadFull(c.to, got); err != nil || string(got) != c.text {
			t.Fatalf("connection %d: got %q, %v; want %q", i, got, err, c.text)
		}
	}
	return server
}

// setOption sets an option of the kernel's TCP on a socket.
func setOption(option, value int) func(string, string, syscall.RawConn) error {
	return func(_, _ string, c syscall.RawConn) error {
		var err error
		if e := c.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, option, value) }); e != nil {
			return e
		}
		return err
	}
}
