package sdktest

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/lab/driver"
	"github.com/antedon-net/antedon/wire"
)

// answering are those of the programs that can be called. "builtin" is the driver's own TCP.
var answering = []string{
	"builtin", "go/reference", "go/byhand", "python/reference", "cpp/reference", "rust/reference", "java/reference", "nodejs/reference",
}

// calledPort is where an application on the near host listens.
const calledPort = 8000

// TestIncoming has curl and a kernel on the far host call applications on the near one: each byte arrives, refusals and
// resets do too, each connection is released, and the driver has nothing to complain of.
func TestIncoming(t *testing.T) {
	for _, name := range answering {
		t.Run(name, func(t *testing.T) {
			h := newBareHosts(t)
			dir := t.TempDir()
			cfg := driver.Config{Dirs: []string{dir}, Incoming: []uint16{calledPort}}
			if name == "builtin" {
				cfg.Dirs, cfg.Builtin = nil, true
			}
			h.capture(cfg)
			for _, p := range programs {
				if p.name == name {
					h.start(p, dir)
				}
			}
			h.callRefused()
			h.nc()
			h.serveNear()
			for _, base := range []string{"http://10.7.0.1:8000/", "http://[fd07::1]:8000/"} {
				if got, want := h.farCurl(fmt.Sprint(base, 3_000_000)), content(3_000_000); !bytes.Equal(got, want) {
					t.Errorf("%s: got %d bytes, want %d others", base, len(got), len(want))
				}
				h.farPut(base, 3_000_000)
			}
			h.callMany(atOnce, 20_000)
			h.callReset()
			if name == "builtin" {
				h.checkAnswered(7 + atOnce)
			} else {
				h.checkCalls(7 + atOnce)
			}
		})
	}
}

// callRefused calls while nobody listens: the handshake is done before that is known.
func (h *hosts) callRefused() {
	h.t.Helper()
	c, err := h.far.Dial(h.ctx, "tcp", "10.7.0.1:8000")
	if err == nil {
		defer c.Close()
		_, err = c.Read(make([]byte, 1))
	}
	if !errors.Is(err, unix.ECONNRESET) {
		h.t.Errorf("nobody listens: got %v, want a reset", err)
	}
}

// nc has the far host's nc send to one that listens.
func (h *hosts) nc() {
	h.t.Helper()
	server := h.host.Command(h.ctx, "nc", "-l", "-N", "8000")
	server.Stdin = strings.NewReader("from the listener")
	var got bytes.Buffer
	server.Stdout = &got
	if err := server.Start(); err != nil {
		h.t.Fatal(err)
	}
	h.waitFor("listener", func() bool {
		ok, err := driver.Listens(h.host.Namespace, calledPort)
		return ok && err == nil
	})
	caller := h.far.Command(h.ctx, "nc", "-N", "10.7.0.1", "8000")
	caller.Stdin = bytes.NewReader(content(100_000))
	out, err := caller.Output()
	if err := errors.Join(err, server.Wait()); err != nil {
		h.t.Fatal(err)
	}
	if string(out) != "from the listener" || !bytes.Equal(got.Bytes(), content(100_000)) {
		h.t.Errorf("nc: the caller got %q, the listener %d bytes, want 100000", out, got.Len())
	}
}

// serveNear has the near host serve what the far one does elsewhere, and on a port of its own nothing but the end.
func (h *hosts) serveNear() {
	h.t.Helper()
	ln, err := h.host.Listen(h.ctx, "tcp", ":8000")
	if err != nil {
		h.t.Fatal(err)
	}
	h.serveOn(ln)
}

func (h *hosts) farCurl(args ...string) []byte {
	h.t.Helper()
	return h.curlOn(h.far, args...)
}

func (h *hosts) farPut(base string, n int) {
	h.t.Helper()
	file := filepath.Join(h.t.TempDir(), "file")
	if err := os.WriteFile(file, content(n), 0o644); err != nil {
		h.t.Fatal(err)
	}
	want := fmt.Sprintf("%d bytes, equal: true, <nil>", n)
	if got := h.farCurl("-T", file, fmt.Sprint(base, n)); string(got) != want {
		h.t.Fatalf("%s: the server got %s, want %s", base, got, want)
	}
}

// callMany calls on many connections at the same time.
func (h *hosts) callMany(conns, n int) {
	h.t.Helper()
	var wg sync.WaitGroup
	for range conns {
		wg.Go(func() {
			c, err := h.far.Dial(h.ctx, "tcp", "10.7.0.1:8000")
			if err != nil {
				h.t.Error(err)
				return
			}
			defer c.Close()
			if deadline, ok := h.ctx.Deadline(); ok {
				_ = c.SetDeadline(deadline)
			}
			fmt.Fprintf(c, "GET /%d HTTP/1.0\r\n\r\n", n)
			got, err := io.ReadAll(c)
			if _, body, _ := bytes.Cut(got, []byte("\r\n\r\n")); err != nil || !bytes.Equal(body, content(n)) {
				h.t.Errorf("got %d bytes, %v, want %d and a header", len(got), err, n)
			}
		})
	}
	wg.Wait()
}

// callReset resets while the server sends.
func (h *hosts) callReset() {
	h.t.Helper()
	c, err := h.far.Dial(h.ctx, "tcp", "10.7.0.1:8000")
	if err == nil {
		_, err = io.WriteString(c, "GET /100000000 HTTP/1.0\r\n\r\n")
	}
	if err == nil {
		_, err = io.ReadFull(c, make([]byte, 100_000))
	}
	if err != nil {
		h.t.Fatal(err)
	}
	_ = c.(*net.TCPConn).SetLinger(0)
	c.Close()
}

// checkCalls waits until the program has released all calls, and looks at what the driver has counted.
func (h *hosts) checkCalls(conns int) {
	h.t.Helper()
	h.waitFor("end of all calls", func() bool { c := h.driver.Counters(); return c.Ended == c.Called })
	c := h.driver.Counters()
	if int(c.Called) != conns || c.Connected != c.Called || c.Accepted != 0 {
		h.t.Errorf("%d calls of %d, want %d", c.Connected, c.Called, conns)
	}
	if c.Released+c.AppResets+c.PeerResets != c.Ended || c.PeerResets != 1 || c.AppResets != 1 {
		h.t.Errorf("want one call reset by each side, and all others released: %+v", c)
	}
	if c.Mistakes+c.BadDatagrams+c.BadSent+c.ForeignSegments+c.UnknownConn+c.BeforeHello+c.NotSent > 0 {
		h.t.Errorf("the driver has to complain: %+v", c)
	}
	h.kill()
	if h.stderr.Len() > 0 {
		h.t.Errorf("the program says %q", h.stderr.String())
	}
}

func (h *hosts) checkAnswered(conns int) {
	h.t.Helper()
	if c := h.driver.Counters(); int(c.Answered) != conns || c.BadChecksums+c.NotSent > 0 {
		h.t.Errorf("got %+v, want %d calls", c, conns)
	}
}

// TestIncomingFlood: SYNs from nowhere, ten times as many as may be half open, cost no more than these, and no application
// anything; whoever calls meanwhile comes through.
func TestIncomingFlood(t *testing.T) {
	const bound, size = 100, 1000
	for _, p := range programs {
		if !slices.Contains(answering, p.name) {
			continue
		}
		t.Run(p.name, func(t *testing.T) {
			h := newBareHosts(t)
			dir := t.TempDir()
			cfg := driver.Config{Dirs: []string{dir}, Incoming: []uint16{calledPort}}
			cfg.Table.HalfOpen = bound
			h.capture(cfg)
			h.start(p, dir)
			h.serveNear()
			h.flood(10_000, size/2)
			if got := h.farCurl("http://10.7.0.1:8000/100000"); !bytes.Equal(got, content(100_000)) {
				t.Errorf("got %d bytes, want 100000 others", len(got))
			}
			h.flood(20_000, size/2)
			// A SYN of curl's that found the program busy was dropped like the others, and came again.
			h.waitFor("flood", func() bool { c := h.driver.Counters(); return c.Called+c.DroppedForSDK > size })
			var s driver.Status
			if err := h.host.Do(func() (err error) { s, err = driver.Query(); return err }); err != nil {
				t.Fatal(err)
			}
			if c := s.Counters; s.Conns > bound+1 || c.Connected != 1 || c.Crowded == 0 || c.Mistakes > 0 {
				t.Errorf("%d connections, want at most %d half open and one that is not: %+v", s.Conns, bound, c)
			}
		})
	}
}

// flood sends n SYNs from ports from first on, of addresses that nobody has.
func (h *hosts) flood(first uint16, n int) {
	h.t.Helper()
	fd := -1
	err := h.far.Do(func() (err error) {
		fd, err = unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_RAW)
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	defer unix.Close(fd)
	to := netip.MustParseAddrPort("10.7.0.1:8000")
	for i := range n {
		from := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 7, 0, byte(100 + i%100)}), first+uint16(i))
		syn := wire.TCP{SrcPort: from.Port(), DstPort: to.Port(), Seq: uint32(i), Flags: wire.SYN, Window: 1000}
		ip := wire.IPv4{TTL: 64, DF: true, Proto: wire.ProtoTCP, Src: from.Addr(), Dst: to.Addr()}
		segment := syn.AppendTo(nil)
		sum := wire.TransportChecksum(wire.PseudoSum(wire.ProtoTCP, from.Addr(), to.Addr(), len(segment)), segment)
		binary.BigEndian.PutUint16(segment[16:], sum)
		packet := append(ip.AppendTo(nil, len(segment)), segment...)
		if err := unix.Sendto(fd, packet, 0, &unix.SockaddrInet4{Addr: to.Addr().As4()}); err != nil {
			h.t.Fatal(err)
		}
	}
}
