package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/antedon-net/antedon/internal/netlab"
	"github.com/antedon-net/antedon/internal/sandbox"
)

// limit is how long a test waits for something that ought to happen soon. Only a bug reaches it.
const limit = 2 * time.Minute

// commandVar is set for copies of the test binary that are to be the program.
const commandVar = "ANTEDON_TEST_COMMAND"

// commandEnv is their environment beside our own. The race detector would have each linger for a second.
var commandEnv = []string{commandVar + "=1", "GORACE=atexit_sleep_ms=0"}

func TestMain(m *testing.M) {
	sandbox.Init()
	if port := os.Getenv(serverVar); port != "" {
		serveKernel(port)
	}
	if os.Getenv(commandVar) != "" {
		main()
	}
	os.Exit(netlab.Main(m))
}

// bounded returns a context for what has to happen within the limit.
func bounded(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	t.Cleanup(cancel)
	return ctx
}

// A place is a namespace to run programs in.
type place struct {
	*netlab.Namespace
	t        *testing.T
	stateDir string
}

func newPlace(t *testing.T) *place {
	t.Helper()
	ns, err := netlab.NewNamespace()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := ns.Close(); err != nil {
			t.Error(err)
		}
	})
	return newPlaceIn(t, ns)
}

// newPlaceIn returns a place in a namespace that somebody else closes.
func newPlaceIn(t *testing.T, ns *netlab.Namespace) *place {
	t.Helper()
	p := &place{ns, t, t.TempDir()}
	p.other("true").ok() // the namespace's guard comes with its first process
	return p
}

// newPlaceWithTUN returns a place with a persistent tun0: 10.7.0.1 and fd07::1 are the kernel's, .2 and ::2 ours.
func newPlaceWithTUN(t *testing.T) *place {
	t.Helper()
	p := newPlace(t)
	p.ok("tun", "up", "tun0", "--state-dir", p.stateDir, "--peer-addr", "10.7.0.1/24,fd07::1/64")
	return p
}

// families are the addresses of a place with a TUN.
var families = []struct{ name, ours, kernel string }{
	{"IPv4", "10.7.0.2", "10.7.0.1"},
	{"IPv6", "fd07::2", "fd07::1"},
}

// snapshot describes the place, and the processes below this one.
func (p *place) snapshot() string {
	p.t.Helper()
	var s string
	err := p.Do(func() (err error) { s, err = netlab.Snapshot(); return err })
	if err != nil {
		p.t.Fatal(err)
	}
	return s
}

// expect waits until the place is what it was.
func (p *place) expect(before string) {
	p.t.Helper()
	expect(p.t, before, p.snapshot)
}

// expectHere does the same for the network that the test itself is in.
func expectHere(t *testing.T, before string) {
	t.Helper()
	expect(t, before, func() string {
		s, err := netlab.Snapshot()
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}

func expect(t *testing.T, before string, snapshot func() string) {
	t.Helper()
	for start := time.Now(); ; runtime.Gosched() {
		after := snapshot()
		if after == before {
			return
		}
		if time.Since(start) > limit {
			t.Fatalf("not as before:\n%s", netlab.Diff(before, after))
		}
	}
}

// antedon returns the program, ready to start.
func (p *place) antedon(args ...string) *program {
	p.t.Helper()
	self, err := os.Executable()
	if err != nil {
		p.t.Fatal(err)
	}
	cmd := p.Command(bounded(p.t), self, args...)
	cmd.Env = append(os.Environ(), commandEnv...)
	return newProgram(p.t, cmd)
}

// ok runs the program, which must succeed, and returns what it printed.
func (p *place) ok(args ...string) string {
	p.t.Helper()
	return p.antedon(args...).ok()
}

// fails runs the program, which must end with that exit code and one line on standard error that begins as given.
func (p *place) fails(code int, want string, args ...string) {
	p.t.Helper()
	p.antedon(args...).start().fails(code, want)
}

// fails waits for the program, which must end with that exit code and one line on standard error that begins as given.
func (p *program) fails(code int, want string) {
	p.t.Helper()
	got := p.wait()
	line := p.stderr.String()
	if got != code || !strings.HasPrefix(line, want) || strings.Count(line, "\n") != 1 {
		p.t.Errorf("%q: got exit code %d and %q, want %d and one line %q...", p.Args[1:], got, line, code, want)
	}
}

// other returns another program, ready to start.
func (p *place) other(name string, args ...string) *program {
	p.t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		path = filepath.Join("/usr/sbin", name) // not every user looks there
	}
	return newProgram(p.t, p.Command(bounded(p.t), path, args...))
}

// A program is a process of a test.
type program struct {
	*netlab.Cmd
	t              *testing.T
	stdout, stderr *speech
	ended          chan struct{}
	err            error // once ended
}

func newProgram(t *testing.T, cmd *netlab.Cmd) *program {
	p := &program{Cmd: cmd, t: t, stdout: newSpeech(), stderr: newSpeech(), ended: make(chan struct{})}
	p.Stdout, p.Stderr = p.stdout, p.stderr
	return p
}

// feed gives the program an input.
func (p *program) feed(r io.Reader) *program {
	p.Stdin = r
	return p
}

// start starts the program.
func (p *program) start() *program {
	p.t.Helper()
	if err := p.Cmd.Start(); err != nil {
		p.t.Fatalf("%v (make installs what the tests need)", err)
	}
	go func() {
		p.err = p.Cmd.Wait()
		close(p.ended)
	}()
	p.t.Cleanup(func() {
		p.Process.Kill()
		if c, ok := p.Stdin.(io.Closer); ok {
			c.Close() // Wait waits for who feeds it
		}
		<-p.ended
		if p.t.Failed() {
			p.t.Logf("%q: %.60q\n%s", p.Args, p.stdout, p.stderr)
		}
	})
	return p
}

// says waits until the program has said something on one of its outputs.
func (p *program) says(l *speech, word string) *program {
	p.t.Helper()
	select {
	case <-l.await(word):
	case <-p.ended:
		if !strings.Contains(l.String(), word) {
			p.t.Fatalf("%q ended (%v) without having said %q", p.Args, p.err, word)
		}
	case <-bounded(p.t).Done():
		p.t.Fatalf("%q does not say %q", p.Args, word)
	}
	return p
}

// wait returns the exit code.
func (p *program) wait() int {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-bounded(p.t).Done():
		p.t.Fatalf("%q does not end", p.Args)
	}
	if _, ok := errors.AsType[*exec.ExitError](p.err); p.err != nil && !ok {
		p.t.Fatalf("%q: %v", p.Args, p.err)
	}
	return p.ProcessState.ExitCode()
}

// ok waits for the program, started or not, which must succeed, and returns what it printed.
func (p *program) ok() string {
	p.t.Helper()
	if p.Process == nil {
		p.start()
	}
	if code := p.wait(); code != 0 {
		p.t.Fatalf("%q: exit code %d\n%s", p.Args, code, p.stderr)
	}
	return p.stdout.String()
}

// signal sends a signal.
func (p *program) signal(sig os.Signal) *program {
	p.t.Helper()
	if err := p.Process.Signal(sig); err != nil {
		p.t.Fatal(err)
	}
	return p
}

// speech keeps what a program says and notices words in it.
type speech struct {
	mu    sync.Mutex
	text  bytes.Buffer
	words map[string]*word
}

// word is what somebody waits for.
type word struct {
	said chan struct{} // closed when it was
	from int           // where it may begin: it does not before
}

func newSpeech() *speech { return &speech{words: make(map[string]*word)} }

// Write implements io.Writer.
func (l *speech) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.Write(p)
	l.notice()
	return len(p), nil
}

// await returns a channel that is closed when text has been said.
func (l *speech) await(text string) <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	w := &word{said: make(chan struct{})}
	l.words[text] = w
	l.notice()
	return w.said
}

func (l *speech) notice() {
	for text, w := range l.words {
		if bytes.Contains(l.text.Bytes()[w.from:], []byte(text)) {
			close(w.said)
			delete(l.words, text)
		}
		w.from = max(w.from, l.text.Len()-len(text)+1)
	}
}

func (l *speech) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
