package grade

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/internal/netlab"
	"github.com/antedon-net/antedon/internal/sandbox"
	"github.com/antedon-net/antedon/lab/driver"
	"github.com/antedon-net/antedon/link/capture"
	"github.com/antedon-net/antedon/link/impair"
	"github.com/antedon-net/antedon/wire"
)

// patience is how long a mark waits for what a TCP does at once, on however busy a machine; more is for what it does after
// some of its timers have run out; stallTime is how long a transfer may stand still, transferTime how long it may take.
const (
	patience     = 15 * time.Second
	morePatience = 25 * time.Second
	stallTime    = 20 * time.Second
	transferTime = 180 * time.Second
)

// peerAddress is the peer's.
const peerAddress = "10.7.0.2"

// A stage is all that one mark takes place on.
type stage struct {
	ctx    context.Context
	pair   *netlab.Pair
	path   *path
	pcap   *capture.Writer
	driver *driver.Driver
	box    *sandbox.Box
	random *rand.ChaCha8
	out    tail

	mu    sync.Mutex
	said  []string
	hello chan struct{}
	open  []interface{ Close() error }
}

// errProgram is what a mark cannot go on after: it is the program's fault.
var errProgram = errors.New("the program")

// newStage sets everything up, and waits for the program's hello.
func newStage(ctx context.Context, cfg *Config, name, pcap string, plan *impair.Plan) (s *stage, err error) {
	s = &stage{ctx: ctx, hello: make(chan struct{}), random: rand.NewChaCha8(cfg.seedOf(name))}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	s.pair, err = netlab.NewDevicePair(netlab.Options{NoOffload: true, Kernel: prefixes("10.7.0.1/24"), Ours: prefixes(peerAddress + "/24")})
	if err != nil {
		return s, err
	}
	if err = s.pair.B.Do(roomyBuffers); err != nil {
		return s, err
	}
	if err = s.lengthenQueues(); err != nil {
		return s, err
	}
	if pcap != "" {
		if s.pcap, err = capture.Create(pcap, capture.Config{Application: "antedon lab grade", SnapLen: 200}); err != nil {
			return s, err
		}
	}
	s.path = newPath(s.pair.A.Device(), s.pair.B.Device(), s.pcap)
	s.box, err = sandbox.New(ctx, sandbox.Config{Argv: cfg.Argv, Dir: cfg.Dir, Show: cfg.Show, Hide: cfg.Hide, Output: &s.out, Limits: cfg.Limits})
	if err != nil {
		return s, err
	}
	s.driver, err = driver.Start(driver.Config{Namespace: s.pair.A.Namespace, Dirs: []string{s.box.Tmp()}, Impair: plan, Log: s.log})
	if err != nil {
		return s, err
	}
	if err = s.box.Start(); err != nil {
		return s, err
	}
	select {
	case <-s.hello:
		return s, nil
	case <-s.box.Done():
		return s, fmt.Errorf("%w ended before its hello: %v", errProgram, orExit0(s.box.Err()))
	case <-time.After(morePatience):
		return s, fmt.Errorf("%w said no hello within %v", errProgram, morePatience)
	case <-ctx.Done():
		return s, ctx.Err()
	}
}

func orExit0(err error) error {
	if err == nil {
		return errors.New("exit status 0")
	}
	return err
}

// roomyBuffers makes the peer's receive buffers larger than any transfer: a TCP that knows no windows must pass.
func roomyBuffers() error {
	return os.WriteFile("/proc/sys/net/ipv4/tcp_rmem", []byte("4096 67108864 67108864"), 0)
}

// queueLength is how many packets the kernel keeps for the path while a busy machine does not let it read: more than a
// transfer has. What it does not keep would be lost, and only a mark on losses may ask a TCP to repair one.
const queueLength = 1 << 14

func (s *stage) lengthenQueues() error {
	for _, l := range []*netlab.Lab{s.pair.A, s.pair.B} {
		d, ok := l.Device().(interface{ SetTxQueueLen(packets int) error })
		if !ok {
			continue
		}
		if err := l.Do(func() error { return d.SetTxQueueLen(queueLength) }); err != nil {
			return err
		}
	}
	return nil
}

// log takes a line of the driver.
func (s *stage) log(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.said) < 100 {
		s.said = append(s.said, line)
	}
	if strings.Contains(line, "said hello") {
		select {
		case <-s.hello:
		default:
			close(s.hello)
		}
	}
}

func (s *stage) lines() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.said, "\n")
}

// close ends everything, in whatever state it is.
func (s *stage) close() {
	for _, c := range s.open {
		c.Close()
	}
	if s.box != nil {
		s.box.Close()
	}
	if s.driver != nil {
		s.driver.Close()
	}
	if s.path != nil {
		s.path.close()
	}
	if s.pair != nil {
		s.pair.Close()
	}
	if s.pcap != nil {
		s.pcap.Close()
	}
}

// bytes returns n bytes from the seed.
func (s *stage) bytes(n int) []byte {
	b := make([]byte, n)
	_, _ = s.random.Read(b)
	return b
}

// number returns a number from the seed, at least low and below high.
func (s *stage) number(low, high int) int { return low + int(s.random.Uint64()%uint64(high-low)) }

// A connection is an application's, with the peer's end once that is established.
type connection struct {
	app  *net.TCPConn
	peer *net.TCPConn
	port uint16 // the peer's
}

// listen has the peer's kernel listen. buffer limits what it takes without being read, 0 does not.
func (s *stage) listen(buffer int) (*net.TCPListener, uint16, error) {
	var ln net.Listener
	err := s.pair.B.Do(func() (err error) {
		lc := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
			if buffer == 0 {
				return nil
			}
			return c.Control(func(fd uintptr) { _ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, buffer) })
		}}
		lc.SetMultipathTCP(false)
		ln, err = lc.Listen(s.ctx, "tcp4", ":0")
		return err
	})
	if err != nil {
		return nil, 0, err
	}
	s.open = append(s.open, ln)
	return ln.(*net.TCPListener), uint16(ln.Addr().(*net.TCPAddr).Port), nil
}

// dial connects an application, as far as the driver.
func (s *stage) dial(port uint16) (*net.TCPConn, error) {
	c, err := s.pair.A.Dial(s.ctx, "tcp4", fmt.Sprintf("%s:%d", peerAddress, port))
	if err != nil {
		return nil, err
	}
	s.open = append(s.open, c)
	_ = c.SetDeadline(time.Now().Add(patience))
	return c.(*net.TCPConn), nil
}

// errNotEstablished is why a mark that needs a connection cannot go on.
var errNotEstablished = errors.New("no connection was established")

// connect establishes a connection.
func (s *stage) connect(buffer int, wait time.Duration) (*connection, error) {
	ln, port, err := s.listen(buffer)
	if err != nil {
		return nil, err
	}
	c := &connection{port: port}
	if c.app, err = s.dial(port); err != nil {
		return nil, err
	}
	_ = ln.SetDeadline(time.Now().Add(wait))
	peer, err := ln.AcceptTCP()
	if err != nil {
		return c, errNotEstablished
	}
	s.open = append(s.open, peer)
	c.peer = peer
	c.allow(wait)
	return c, nil
}

// allow gives both ends time.
func (c *connection) allow(d time.Duration) {
	_ = c.app.SetDeadline(time.Now().Add(d))
	if c.peer != nil {
		_ = c.peer.SetDeadline(time.Now().Add(d))
	}
}

// until waits for something the driver counts or the peer's kernel knows.
func (s *stage) until(wait time.Duration, is func() bool) bool {
	for begun := time.Now(); ; {
		if is() {
			return true
		}
		if time.Since(begun) > wait || s.ctx.Err() != nil {
			return false
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-s.ctx.Done():
		}
	}
}

// tcpClose is TCP_CLOSE: the state of a socket when the peer's kernel is done with the connection.
const tcpClose = 7

// state returns the state that the peer's kernel has the connection in.
func (c *connection) state() (state uint8) {
	raw, err := c.peer.SyscallConn()
	if err != nil {
		return 0
	}
	_ = raw.Control(func(fd uintptr) {
		if info, err := unix.GetsockoptTCPInfo(int(fd), unix.SOL_TCP, unix.TCP_INFO); err == nil {
			state = info.State
		}
	})
	return state
}

// resets returns how many resets the program sent on a connection.
func (s *stage) resets(port uint16) (n int) {
	for _, p := range s.path.all(port) {
		if p.fromSDK && p.h.Flags.Has(wire.RST) {
			n++
		}
	}
	return n
}

// tail keeps the end of what a program prints.
type tail struct {
	mu sync.Mutex
	b  []byte
}

// tailSize is how much.
const tailSize = 4 << 10

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, b...)
	if len(t.b) > 2*tailSize {
		t.b = append(t.b[:0], t.b[len(t.b)-tailSize:]...)
	}
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.ToValidUTF8(string(t.b[max(0, len(t.b)-tailSize):]), "?")
}

// pcapName is the file of a mark.
func pcapName(dir, mark string) string {
	if dir == "" {
		return ""
	}
	return filepath.Join(dir, mark+".pcapng")
}
