// Command echo is an echo server on package reactor: every connection in one goroutine, or in a few loops that accept from one
// listener.
//
//	go run ./examples/echo --listen 127.0.0.1:7000 --loops 2
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/antedon-net/antedon/reactor"
)

func main() {
	network := flag.String("network", "tcp", "tcp, tcp4, tcp6 or unix")
	address := flag.String("listen", "127.0.0.1:7000", "address to listen on")
	backend := flag.String("backend", "epoll", "epoll, poll or select")
	n := flag.Int("loops", 1, "loops that accept connections, each on its own goroutine; more than one only with epoll")
	flag.Parse()
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	err := serve(*network, *address, *backend, *n, func(listening string, loops []*reactor.Loop) {
		fmt.Println("listening on", listening)
		go func() {
			<-stop
			for _, l := range loops {
				l.Close()
			}
		}()
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, "echo:", err)
		os.Exit(1)
	}
}

// serve runs n loops on one listener until they are closed. It calls ready before they run.
func serve(network, address, backend string, n int, ready func(listening string, loops []*reactor.Loop)) error {
	b, err := reactor.ParseBackend(backend)
	if err != nil {
		return err
	}
	accept := func(reactor.Conn) reactor.Handler { return new(session) }
	config := reactor.ListenConfig{Exclusive: n > 1}
	var loops []*reactor.Loop
	var first *reactor.Listener
	for range n {
		loop, err := reactor.New(reactor.Config{Backend: b})
		if err != nil {
			return err
		}
		defer loop.Close()
		loops = append(loops, loop)
		if first == nil {
			first, err = config.Listen(loop, network, address, accept)
		} else {
			_, err = loop.Share(first, accept)
		}
		if err != nil {
			return err
		}
	}
	ready(first.Addr().String(), loops)
	return run(loops)
}

// run runs each loop on a goroutine of its own.
func run(loops []*reactor.Loop) error {
	errs := make([]error, len(loops))
	var wg sync.WaitGroup
	for i, l := range loops {
		wg.Go(func() { errs[i] = l.Run() })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// session is one connection. It reads no more while the peer does not take what it was sent.
type session struct {
	backlog reactor.Backlog
	eof     bool
}

func (s *session) OnConnect(c reactor.Conn) { c.SetIdleTimeout(5 * time.Minute) }

func (s *session) OnReadable(c reactor.Conn) {
	buf := c.Loop().Scratch()
	n, err := c.Read(buf)
	if n > 0 && s.backlog.Send(c, buf[:n]) == nil && s.backlog.Len() > 0 {
		c.PauseRead()
	}
	s.eof = s.eof || errors.Is(err, io.EOF)
	s.finish(c)
}

func (s *session) OnWritable(c reactor.Conn) {
	if s.backlog.Flush(c) == nil && s.backlog.Len() == 0 {
		c.ResumeRead()
		s.finish(c)
	}
}

// finish closes the connection once everything is sent back.
func (s *session) finish(c reactor.Conn) {
	if s.eof && s.backlog.Len() == 0 {
		c.Close()
	}
}

func (s *session) OnClose(reactor.Conn, error) {}
