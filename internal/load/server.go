package load

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"syscall"
	"time"

	"github.com/antedon-net/antedon/internal/netlab"
)

// server is the command under load.
type server struct {
	name  string
	ended chan struct{}
	err   error // once ended

	mu   sync.Mutex
	tail []byte // of what it printed
	out  func([]byte)
}

// maxTail bounds what is kept of its output.
const maxTail = 4096

// startServer starts the command in the namespace. It dies with that, as do all its descendants.
func startServer(ctx context.Context, lab *netlab.Lab, p *Plan) (*server, error) {
	raiseFiles()
	s := &server{name: p.Command[0], ended: make(chan struct{}), out: p.Output}
	cmd := lab.Command(context.WithoutCancel(ctx), p.Command[0], p.Command[1:]...)
	cmd.Stdout, cmd.Stderr = s, s
	cmd.WaitDelay = time.Second // a descendant may hold our end of its output open
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		s.err = cmd.Wait()
		close(s.ended)
	}()
	return s, nil
}

// mostFiles is how many files a server may open, if we may allow it that many.
const mostFiles = 1 << 20

// raiseFiles has children inherit a larger limit of open files: a server needs one for each connection.
func raiseFiles() {
	var l syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l) != nil {
		return
	}
	all := syscall.Rlimit{Cur: mostFiles, Max: max(l.Max, mostFiles)}
	if syscall.Setrlimit(syscall.RLIMIT_NOFILE, &all) != nil { // more than we were given takes root
		l.Cur = min(l.Max, mostFiles)
		_ = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &l) // the limit that there is will have to do
	}
}

// Write takes what the server prints.
func (s *server) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.out != nil {
		s.out(b)
	}
	s.tail = append(s.tail, b...)
	if n := len(s.tail); n > maxTail {
		s.tail = append(s.tail[:0], s.tail[n-maxTail:]...)
	}
	return len(b), nil
}

// failure says that the server has ended, and what it said last.
func (s *server) failure() error {
	how := "exit status 0"
	if s.err != nil {
		how = s.err.Error()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	lines := bytes.Split(bytes.TrimSpace(s.tail), []byte("\n"))
	if last := bytes.TrimSpace(lines[len(lines)-1]); len(last) > 0 {
		return fmt.Errorf("%s has ended (%s): %.200s", s.name, how, last)
	}
	return fmt.Errorf("%s has ended (%s)", s.name, how)
}

// await waits until the server accepts a connection.
func (s *server) await(ctx context.Context, lab *netlab.Lab, p *Plan) error {
	limit, cancel := context.WithTimeout(ctx, p.Start)
	defer cancel()
	for tick := time.NewTicker(10 * time.Millisecond); ; {
		c, err := lab.Dial(limit, "tcp", p.privateTarget().String())
		if err == nil {
			tick.Stop()
			return c.Close()
		}
		select {
		case <-s.ended:
			return s.failure()
		case <-limit.Done():
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			return fmt.Errorf("%s does not listen on %v, or on all addresses, after %v", s.name, p.privateTarget(), p.Start)
		case <-tick.C:
		}
	}
}
