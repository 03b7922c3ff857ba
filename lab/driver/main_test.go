package driver

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/antedon-net/antedon/internal/netlab"
	"github.com/antedon-net/antedon/lab/exp4"
)

// limit is how long a test waits for what ought to happen at once.
const limit = 30 * time.Second

// partVar names the part that a copy of this binary has to play, in the namespace that it was started in.
const partVar = "ANTEDON_LAB_TEST_PART"

func TestMain(m *testing.M) {
	part, dir, _ := strings.Cut(os.Getenv(partVar), ": ")
	if part == "" || os.Args[0] != "/proc/self/exe" {
		os.Exit(netlab.Main(m))
	}
	netlab.Init()
	if err := parts[part](dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("ready")
	select {}
}

// parts are what copies of this binary do until they are killed.
var parts = map[string]func(dir string) error{
	"driver": func(dir string) error {
		_, err := Start(Config{Dirs: []string{dir}})
		return err
	},
	"call driver": func(dir string) error {
		_, err := Start(Config{Dirs: []string{dir}, Incoming: []uint16{calledPort}})
		return err
	},
	"call sdk": func(dir string) error {
		_, err := startSDK(context.Background(), dir, takeCalls)
		return err
	},
	"sdk": func(dir string) error {
		_, err := startSDK(context.Background(), dir, nil)
		return err
	},
	"mute": func(dir string) error { // says hello, and then nothing
		ep, err := exp4.Dial(context.Background(), dir)
		if err != nil {
			return err
		}
		go func() {
			for {
				if _, err := ep.Receive(); err != nil {
					return
				}
			}
		}()
		hello := exp4.Hello()
		return ep.Send(&hello)
	},
}

// play starts a copy of this binary on the host and waits until it is ready.
func (p *place) play(part, dir string) *netlab.Cmd {
	p.Helper()
	cmd := p.host.Command(p.ctx, "/proc/self/exe")
	cmd.Env = append(os.Environ(), partVar+"="+part+": "+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		p.Fatal(err)
	}
	p.Cleanup(func() { p.kill(cmd) })
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "ready\n" {
		p.Fatalf("%s: got %q, %v", part, line, err)
	}
	return cmd
}

// kill kills a program, as nobody could expect.
func (p *place) kill(cmd *netlab.Cmd) {
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
}

// place is a host with a driver on it, and a remote host.
type place struct {
	*testing.T
	ctx    context.Context
	host   *netlab.Lab // 10.7.0.1, fd07::1
	remote *netlab.Lab // 10.7.0.2, fd07::2
	dirs   []string
	driver *Driver

	mu    sync.Mutex
	lines []string
	heard chan struct{} // gets something with each line
}

// newPlace makes a place without a driver.
func newPlace(t *testing.T) *place {
	t.Helper()
	pair, err := netlab.NewPair(netlab.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pair.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	t.Cleanup(cancel)
	p := &place{T: t, ctx: ctx, host: pair.A, remote: pair.B, heard: make(chan struct{}, 1)}
	t.Cleanup(p.explain)
	return p
}

// explain tells what the driver saw, if the test has failed.
func (p *place) explain() {
	if p.Failed() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.Logf("the driver said:\n%s", strings.Join(p.lines, "\n"))
		if p.driver != nil {
			p.Logf("counters: %+v", p.driver.Counters())
		}
	}
}

// start starts the driver for n SDKs.
func (p *place) start(n int, change func(*Config)) {
	p.Helper()
	for range n {
		p.dirs = append(p.dirs, p.TempDir())
	}
	cfg := Config{Namespace: p.host.Namespace, Dirs: p.dirs, Log: p.log}
	if change != nil {
		change(&cfg)
	}
	d, err := Start(cfg)
	if err != nil {
		p.Fatal(err)
	}
	p.driver = d
	p.Cleanup(func() {
		if err := d.Close(); err != nil {
			p.Errorf("close: %v", err)
		}
	})
}

func (p *place) log(line string) {
	p.mu.Lock()
	p.lines = append(p.lines, line)
	p.mu.Unlock()
	select {
	case p.heard <- struct{}{}:
	default:
	}
}

// hears waits until the driver has reported something with this text in it.
func (p *place) hears(text string) {
	p.Helper()
	for {
		p.mu.Lock()
		all := strings.Join(p.lines, "\n")
		p.mu.Unlock()
		if strings.Contains(all, text) {
			return
		}
		select {
		case <-p.heard:
		case <-p.ctx.Done():
			p.Fatalf("the driver did not say %q but:\n%s", text, all)
		}
	}
}

// sdk starts an SDK and waits until the driver knows it.
func (p *place) sdk(i int, prepare func(*testSDK)) *testSDK {
	p.Helper()
	s, err := startSDK(p.ctx, p.dirs[i], prepare)
	if err != nil {
		p.Fatal(err)
	}
	p.Cleanup(s.close)
	p.hears(fmt.Sprintf("SDK %d said hello", i+1))
	return s
}

// serve has the remote host's kernel serve connections to a port.
func (p *place) serve(port int, handle func(net.Conn)) {
	p.Helper()
	ln, err := p.remote.Listen(p.ctx, "tcp", fmt.Sprintf(":%d", port))
	if err != nil {
		p.Fatal(err)
	}
	p.Cleanup(func() { ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				if deadline, ok := p.ctx.Deadline(); ok {
					_ = c.SetDeadline(deadline)
				}
				handle(c)
			}()
		}
	}()
}

func echo(c net.Conn) { _, _ = io.Copy(c, c) }

// dial connects an application on the host.
func (p *place) dial(address string) *net.TCPConn {
	p.Helper()
	c, err := p.host.Dial(p.ctx, "tcp", address)
	if err != nil {
		p.Fatal(err)
	}
	p.Cleanup(func() { c.Close() })
	if deadline, ok := p.ctx.Deadline(); ok {
		_ = c.SetDeadline(deadline)
	}
	return c.(*net.TCPConn)
}
