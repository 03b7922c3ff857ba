package driver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/lab/exp4"
)

// TestKit: programs of the original kit, in the words of each of its languages, work as they are.
func TestKit(t *testing.T) {
	for _, d := range dialects {
		t.Run(d.name, func(t *testing.T) {
			p := newPlace(t)
			p.serve(7, echo)
			if _, err := dialKit(p.ctx, t.TempDir(), d, nil); !errors.Is(err, unix.ENOENT) {
				t.Errorf("without a driver: got %v, upon which the kit ends, want ENOENT", err)
			}
			p.start(1, nil)
			first := p.kit(d, nil)
			p.hears("SDK 1 said hello")
			for _, addr := range []string{"10.7.0.2:7", "[fd07::2]:7"} {
				p.echoes(p.dial(addr))
			}
			p.bulk(100_000, 300_000)
			p.until("it ticks", func() bool { return first.ticks.Load() > 2 })

			refused := make(chan struct{}, 1)
			second := make(chan *kitEnd, 1)
			go func() { second <- p.kit(d, refused) }()
			p.gets(refused, "EPERM") // although it has replaced the socket, the first one stays connected
			p.echoes(p.dial("10.7.0.2:7"))
			first.Close()
			p.hears("SDK 1 is gone")
			last := <-second
			p.until("the second one is served", func() bool { return p.driver.Attached() == 1 })
			p.echoes(p.dial("10.7.0.2:7"))
			for _, end := range []*kitEnd{first, last} {
				if what := end.wrong.Load(); what != nil {
					t.Error(*what)
				}
			}
			if c := p.driver.Counters(); c.Mistakes != 0 || c.BadDatagrams != 0 {
				t.Errorf("got %+v, want nothing to complain of", c)
			}
			if err := p.driver.Close(); err != nil {
				t.Error(err)
			}
			if err := last.Send(&exp4.Message{}); err == nil {
				t.Error("the driver is gone, and the kit is not told, which ends upon it")
			}
		})
	}
}

// A dialect is how a language's library writes a document.
type dialect struct {
	name   string
	sorted bool // keys, as a map of C++ has them
	wide   bool // integers of 64 bits
}

var dialects = []dialect{{"cpp", true, false}, {"python", false, false}, {"rust", false, true}}

func (d dialect) integer(n int) any {
	if d.wide {
		return int64(n)
	}
	return int32(n)
}

func (d dialect) document(elements ...bson.E) bson.D {
	if d.sorted {
		slices.SortFunc(elements, func(a, b bson.E) int { return strings.Compare(a.Key, b.Key) })
	}
	return elements
}

func (d dialect) encode(m *exp4.Message) ([]byte, error) {
	end := func(ip string, port uint16) bson.D {
		return d.document(bson.E{Key: "ip", Value: ip}, bson.E{Key: "port", Value: d.integer(int(port))})
	}
	remote := ""
	if m.Conn.Dst.Addr().IsValid() { // a hello has none
		remote = m.Conn.Dst.Addr().String()
	}
	return bson.Marshal(d.document(
		bson.E{Key: "conn", Value: d.document(
			bson.E{Key: "src", Value: end(m.Conn.Src.Addr().String(), m.Conn.Src.Port())},
			bson.E{Key: "dst", Value: end(remote, m.Conn.Dst.Port())})},
		bson.E{Key: "bytes", Value: bson.Binary{Data: append([]byte{}, m.Bytes...)}},
		bson.E{Key: "flags", Value: d.integer(int(m.Flags))}))
}

// A kitEnd is the end of a program of the kit. It knows version 1 of the protocol and nothing else, and none of our code for it.
type kitEnd struct {
	dialect
	conn  *net.UnixConn
	in    []byte
	once  sync.Once
	ticks atomic.Int64
	wrong atomic.Pointer[string] // what it would not have understood
}

// kit starts a program of the kit, which waits while another one is served.
func (p *place) kit(d dialect, refused chan<- struct{}) *kitEnd {
	ep, err := dialKit(p.ctx, p.dirs[0], d, refused)
	if err != nil {
		p.Error(err)
		return nil
	}
	s, err := startSDKAt(p.ctx, ep, nil)
	if err != nil {
		p.Error(err)
		return nil
	}
	p.Cleanup(s.close)
	return ep
}

// dialKit does what main of the kit does: removes the old socket, binds its own, connects; after EPERM it waits for 500 ms
// and tries again, other errors are its end. refused is told of the first EPERM.
func dialKit(ctx context.Context, dir string, d dialect, refused chan<- struct{}) (*kitEnd, error) {
	own := filepath.Join(dir, exp4.SDKSocket)
	if err := os.Remove(own); err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Net: "unixgram", Name: own})
	if err == nil {
		err = os.Chmod(own, 0o755)
	}
	if err != nil {
		return nil, err
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil, err
	}
	for {
		var cerr error
		if err := raw.Control(func(fd uintptr) {
			cerr = unix.Connect(int(fd), &unix.SockaddrUnix{Name: filepath.Join(dir, exp4.DriverSocket)})
		}); err != nil {
			return nil, err
		}
		if cerr == nil {
			return &kitEnd{dialect: d, conn: conn, in: make([]byte, 500_000)}, nil
		}
		if !errors.Is(cerr, unix.EPERM) {
			conn.Close()
			return nil, cerr
		}
		select {
		case refused <- struct{}{}:
		default:
		}
		select {
		case <-time.After(500 * time.Millisecond):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (k *kitEnd) Send(m *exp4.Message) error {
	b, err := k.encode(m)
	if err == nil {
		_, err = k.conn.Write(b)
	}
	return err
}

func (k *kitEnd) Close() (err error) {
	k.once.Do(func() { err = k.conn.Close() })
	return err
}

// Receive takes what version 1 knows, in the types that a driver sends, and notes everything else.
func (k *kitEnd) Receive() (exp4.Message, error) {
	n, err := k.conn.Read(k.in)
	if err != nil {
		return exp4.Message{}, err
	}
	if n == 1 && k.in[0] == 0 {
		k.ticks.Add(1)
		return exp4.Message{Tick: true}, nil
	}
	m, err := readKit(k.in[:n])
	if err != nil {
		text := fmt.Sprintf("the kit would not understand %.200x: %v", k.in[:n], err)
		k.wrong.CompareAndSwap(nil, &text)
	}
	return m, err
}

// readKit reads a document of the driver's, with nothing but a library.
func readKit(b []byte) (exp4.Message, error) {
	type end struct {
		IP   string
		Port int32
	}
	var document struct {
		Conn  struct{ Src, Dst end }
		Bytes bson.Binary
		Flags int32
	}
	var keys bson.D
	err := errors.Join(bson.Unmarshal(b, &document), bson.Unmarshal(b, &keys))
	if err != nil {
		return exp4.Message{}, err
	}
	known := []int32{0x00, 0x01, 0x02, 0x04, 0x40}
	if len(keys) != 3 || !slices.Contains(known, document.Flags) || document.Bytes.Subtype != 0 {
		return exp4.Message{}, fmt.Errorf("%d keys, flags %#x, bytes of kind %d", len(keys), document.Flags, document.Bytes.Subtype)
	}
	m := exp4.Message{Flags: exp4.Flags(document.Flags), Bytes: document.Bytes.Data}
	for _, e := range []struct {
		from end
		to   *netip.AddrPort
	}{{document.Conn.Src, &m.Conn.Src}, {document.Conn.Dst, &m.Conn.Dst}} {
		ip, err := netip.ParseAddr(e.from.IP)
		if err != nil || e.from.Port < 1 || e.from.Port > 65535 {
			return exp4.Message{}, fmt.Errorf("no address and port: %v", e.from)
		}
		*e.to = netip.AddrPortFrom(ip, uint16(e.from.Port))
	}
	return m, nil
}
