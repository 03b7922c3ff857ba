package reactor

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime/debug"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The echo benchmark: one server process, one client process with many connections, of which activeConns always have a
// request under way. It compares the loop with a goroutine for each net.Conn and with a bare epoll loop:
//
//	go test ./reactor -run '^$' -bench Echo -benchtime 300000x

const (
	echoConns    = 10_000
	activeConns  = 100
	requestBytes = 64
	clientEnv    = "ANTEDON_ECHO_CLIENT" // address, connections, requests
)

// TestMain turns the process into the client of the benchmark if it was started as that.
func TestMain(m *testing.M) {
	if job := os.Getenv(clientEnv); job != "" {
		if err := echoClient(job); err != nil {
			fmt.Fprintln(os.Stderr, "echo client:", err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func BenchmarkEcho(b *testing.B) {
	for _, c := range []struct {
		name  string
		serve func(b *testing.B) (address string, stop func())
	}{
		{"reactor", serveReactor},
		{"goroutines", serveGoroutines},
		{"bare-epoll", serveEpoll},
	} {
		b.Run(c.name, func(b *testing.B) {
			debug.FreeOSMemory()
			empty := resident(b)
			address, stop := c.serve(b)
			defer stop()
			client := startClient(b, address)
			client.expect(b, "connected")
			full := resident(b)
			before := cpuTime(b)
			b.ResetTimer()
			client.tell(b, "go")
			client.expect(b, "done")
			b.StopTimer()
			b.ReportMetric(float64(full-empty)/echoConns, "B/conn")
			b.ReportMetric(float64(cpuTime(b)-before)/float64(b.N), "server-cpu-ns/op")
			client.end(b)
		})
	}
}

func serveReactor(b *testing.B) (string, func()) {
	l := newLoop(b, Config{})
	ln := listen(b, l, "tcp", "127.0.0.1:0", func(Conn) Handler { return &echo{} })
	done := make(chan error)
	go func() { done <- l.Run() }()
	return ln.Addr().String(), func() {
		l.Close()
		must(b, <-done)
	}
}

func serveGoroutines(b *testing.B) (string, func()) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(b, err)
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				buf := make([]byte, 4096)
				for n, err := c.Read(buf); err == nil; n, err = c.Read(buf) {
					if _, err := c.Write(buf[:n]); err != nil {
						return
					}
				}
			}()
		}
	}()
	return ln.Addr().String(), func() { ln.Close() }
}

// serveEpoll is what one would write without a library: no back-pressure, no timers, no way to stop it but a byte in a pipe.
func serveEpoll(b *testing.B) (string, func()) {
	raw, err := ListenConfig{}.open("tcp", Addr{})
	must(b, err)
	addr, err := localOf(raw.fd)
	must(b, err)
	stop, stopped := pair(b)
	set, err := unix.EpollCreate1(0)
	must(b, err)
	watch := func(fd int) error {
		return unix.EpollCtl(set, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)})
	}
	must(b, watch(raw.fd))
	must(b, watch(stopped))
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer unix.Close(set)
		events, buf := make([]unix.EpollEvent, maxBatch), make([]byte, 64<<10)
		for {
			n, _ := unix.EpollWait(set, events, -1)
			for _, e := range events[:max(n, 0)] {
				switch fd := int(e.Fd); fd {
				case stopped:
					return
				case raw.fd:
					if c, _, err := unix.Accept4(fd, unix.SOCK_NONBLOCK); err == nil {
						_ = watch(c)
					}
				default:
					n, err := unix.Read(fd, buf)
					if n <= 0 || err != nil {
						unix.Close(fd)
						continue
					}
					_, _ = unix.Write(fd, buf[:n])
				}
			}
		}
	}()
	return addr.toLoopback().String(), func() {
		send(b, stop)
		<-done
		unix.Close(raw.fd)
	}
}

// resident returns the process's resident memory.
func resident(b *testing.B) int {
	text, err := os.ReadFile("/proc/self/statm")
	must(b, err)
	var size, pages int
	_, err = fmt.Sscan(string(text), &size, &pages)
	must(b, err)
	return pages * os.Getpagesize()
}

func cpuTime(b *testing.B) time.Duration {
	var r unix.Rusage
	must(b, unix.Getrusage(unix.RUSAGE_SELF, &r))
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// clientProcess is the other process, which speaks in lines.
type clientProcess struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Scanner
}

func startClient(b *testing.B, address string) *clientProcess {
	exe, err := os.Executable()
	must(b, err)
	c := &clientProcess{cmd: exec.Command(exe)}
	c.cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s %d %d", clientEnv, address, echoConns, b.N))
	c.cmd.Stderr = os.Stderr
	c.in, err = c.cmd.StdinPipe()
	must(b, err)
	out, err := c.cmd.StdoutPipe()
	must(b, err)
	c.out = bufio.NewScanner(out)
	must(b, c.cmd.Start())
	b.Cleanup(func() { _ = c.cmd.Process.Kill() })
	return c
}

func (c *clientProcess) expect(b *testing.B, line string) {
	if !c.out.Scan() || c.out.Text() != line {
		b.Fatalf("the client said %q, %v; want %q", c.out.Text(), c.out.Err(), line)
	}
}

func (c *clientProcess) tell(b *testing.B, line string) {
	_, err := fmt.Fprintln(c.in, line)
	must(b, err)
}

func (c *clientProcess) end(b *testing.B) {
	c.in.Close()
	must(b, c.cmd.Wait())
}

// load is the client: connections that take turns at making requests.
type load struct {
	loop     *Loop
	address  string
	conns    []Conn
	want     int // connections
	dialled  int
	requests int // still to be made
	answers  int // still to come
	turn     int // whose turn it is
	request  [requestBytes]byte
}

func echoClient(job string) error {
	l, err := New(Config{})
	if err != nil {
		return err
	}
	c := &load{loop: l}
	var requests int
	if _, err := fmt.Sscan(job, &c.address, &c.want, &requests); err != nil {
		return err
	}
	input := bufio.NewScanner(os.Stdin)
	for range min(activeConns, c.want) {
		c.dial()
	}
	for len(c.conns) < c.want {
		if err := l.Turn(10 * time.Second); err != nil {
			return err
		}
	}
	if err := c.run(c.want); err != nil { // so that the server has accepted, and used, all of them
		return err
	}
	fmt.Println("connected")
	input.Scan() // go
	if err := c.run(requests); err != nil {
		return err
	}
	fmt.Println("done")
	input.Scan() // until the end of the input
	return l.Close()
}

// run makes requests until all are answered.
func (c *load) run(requests int) error {
	c.requests, c.answers = requests, requests
	for range activeConns {
		c.next()
	}
	for c.answers > 0 {
		if err := c.loop.Turn(10 * time.Second); err != nil {
			return err
		}
	}
	return nil
}

func (c *load) dial() {
	if c.dialled < c.want {
		c.dialled++
		if _, err := c.loop.Dial("tcp", c.address, c); err != nil {
			panic(err)
		}
	}
}

func (c *load) next() {
	if c.requests > 0 {
		c.requests--
		c.turn = (c.turn + 1) % len(c.conns)
		if _, err := c.conns[c.turn].Write(c.request[:]); err != nil {
			panic(err)
		}
	}
}

func (c *load) OnConnect(conn Conn) {
	c.conns = append(c.conns, conn)
	c.dial()
}

func (c *load) OnReadable(conn Conn) {
	n, err := conn.Read(c.loop.Scratch())
	if n%requestBytes != 0 || err != nil {
		panic(fmt.Sprint("answer of ", n, " bytes: ", err))
	}
	for range n / requestBytes {
		c.answers--
		c.next()
	}
}

func (c *load) OnWritable(Conn) {}

func (c *load) OnClose(Conn, error) {}
