package interop

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"sync"
	"testing"

	"github.com/antedon-net/antedon/internal/netlab"
)

// packages are the Debian packages of the programs that the tests run.
var packages = map[string]string{
	"curl":   "curl",
	"iperf3": "iperf3",
	"nc":     "netcat-openbsd",
	"nginx":  "nginx-light",
	"ping":   "iputils-ping",
	"tshark": "tshark",
}

// find returns the path of a program.
func find(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		path = "/usr/sbin/" + name // not every user looks there
		if _, err := os.Stat(path); err != nil {
			t.Fatalf("this test needs %s: make installs it, or apt-get install %s", name, packages[name])
		}
	}
	return path
}

// command returns a program to be run beside the kernel's end. It is killed at the latest when ctx ends.
func (b *bed) command(t *testing.T, ctx context.Context, name string, args ...string) *netlab.Cmd {
	t.Helper()
	return b.Command(ctx, find(t, name), args...)
}

// run runs a program that has to succeed and returns its standard output.
func (b *bed) run(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	cmd := b.command(t, bounded(t), name, args...)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s%s", name, args, err, out, stderrOf(err))
	}
	return out
}

func stderrOf(err error) []byte {
	if exit, ok := err.(*exec.ExitError); ok {
		return exit.Stderr
	}
	return nil
}

// A server is a program that runs until the test is over.
type server struct {
	cmd    *netlab.Cmd
	out    log
	ended  chan struct{}
	result error // once ended
}

// start starts a program and waits until it has said ready on its standard error, or output if stdout is nil; not
// at all if ready is empty.
func (b *bed) start(t *testing.T, stdin io.Reader, stdout io.Writer, ready, name string, args ...string) *server {
	t.Helper()
	ctx := bounded(t)
	s := &server{cmd: b.command(t, ctx, name, args...), ended: make(chan struct{})}
	s.out = log{word: ready, said: make(chan struct{})}
	s.cmd.Stdin, s.cmd.Stdout, s.cmd.Stderr = stdin, stdout, &s.out
	if stdout == nil {
		s.cmd.Stdout = &s.out
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		s.result = s.cmd.Wait()
		close(s.ended)
	}()
	t.Cleanup(func() { s.end(t) })
	if ready == "" {
		return s
	}
	select {
	case <-s.out.said:
	case <-s.ended:
		t.Fatalf("%q: %v", s.cmd.Args, s.result)
	case <-ctx.Done():
		t.Fatalf("%q does not say %q", s.cmd.Args, ready)
	}
	return s
}

// end ends the program.
func (s *server) end(t *testing.T) {
	s.cmd.Process.Kill()
	if c, ok := s.cmd.Stdin.(io.Closer); ok {
		c.Close() // Wait waits for who feeds it
	}
	<-s.ended
	if t.Failed() {
		t.Logf("%q said:\n%s", s.cmd.Args, s.out.String())
	}
}

// wait waits until the program has ended in order.
func (s *server) wait(t *testing.T) {
	t.Helper()
	select {
	case <-s.ended:
	case <-bounded(t).Done():
		t.Fatalf("%q does not end", s.cmd.Args)
	}
	if s.result != nil {
		t.Errorf("%q: %v", s.cmd.Args, s.result)
	}
}

// log keeps what a program says and notices a word in it.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
	word string
	said chan struct{} // closed when the word was said
	done bool
}

// Write implements io.Writer.
func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.Write(p)
	if !l.done && l.word != "" && bytes.Contains(l.text.Bytes(), []byte(l.word)) {
		l.done = true
		close(l.said)
	}
	return len(p), nil
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
