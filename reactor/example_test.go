package reactor_test

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"time"

	"github.com/antedon-net/antedon/reactor"
)

// Timers, and functions from other goroutines, in one loop.
func Example() {
	loop, err := reactor.New(reactor.Config{})
	if err != nil {
		log.Fatal(err)
	}
	loop.AfterFunc(2*time.Millisecond, func() {
		fmt.Println("and another timer, which ends it")
		loop.Close()
	})
	loop.AfterFunc(time.Millisecond, func() { fmt.Println("a timer") })
	posted := make(chan struct{})
	go func() {
		defer close(posted)
		if err := loop.Post(func() { fmt.Println("from another goroutine") }); err != nil {
			log.Fatal(err)
		}
	}()
	<-posted
	if err := loop.Turn(0); err != nil {
		log.Fatal(err)
	}
	if err := loop.Run(); err != nil {
		log.Fatal(err)
	}
	// Output:
	// from another goroutine
	// a timer
	// and another timer, which ends it
}

// session is one connection of an echo server. While the peer does not take what it is sent, the session does not read.
type session struct {
	backlog reactor.Backlog
	left    func() // called when the client has left; may be nil
}

func (s *session) OnConnect(c reactor.Conn) { c.SetIdleTimeout(time.Minute) }

func (s *session) OnReadable(c reactor.Conn) {
	buf := c.Loop().Scratch()
	n, err := c.Read(buf)
	if n > 0 && s.backlog.Send(c, buf[:n]) == nil && s.backlog.Len() > 0 {
		c.PauseRead()
	}
	if errors.Is(err, io.EOF) {
		c.Close()
	}
}

func (s *session) OnWritable(c reactor.Conn) {
	if s.backlog.Flush(c) == nil && s.backlog.Len() == 0 {
		c.ResumeRead()
	}
}

func (s *session) OnClose(reactor.Conn, error) {
	if s.left != nil {
		s.left()
	}
}

// An echo server of one goroutine, and a client of package net.
func ExampleLoop_Listen() {
	loop, err := reactor.New(reactor.Config{})
	if err != nil {
		log.Fatal(err)
	}
	left := func() {
		fmt.Println("the client left")
		loop.Close()
	}
	listener, err := loop.Listen("tcp", "127.0.0.1:0", func(reactor.Conn) reactor.Handler { return &session{left: left} })
	if err != nil {
		log.Fatal(err)
	}
	go func() {
		conn, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			log.Fatal(err)
		}
		fmt.Fprint(conn, "hello")
		buf := make([]byte, 5)
		_, err = io.ReadFull(conn, buf)
		fmt.Println(string(buf), err)
		conn.Close()
	}()
	if err := loop.Run(); err != nil {
		log.Fatal(err)
	}
	// Output:
	// hello <nil>
	// the client left
}

// A proxy of one goroutine: Join passes on bytes, back-pressure, and ends of streams.
func ExampleJoin() {
	loop, err := reactor.New(reactor.Config{})
	if err != nil {
		log.Fatal(err)
	}
	server, err := loop.Listen("tcp", "127.0.0.1:0", func(reactor.Conn) reactor.Handler { return new(session) })
	if err != nil {
		log.Fatal(err)
	}
	proxy, err := loop.Listen("tcp", "127.0.0.1:0", func(c reactor.Conn) reactor.Handler {
		out, err := loop.Dial("tcp", server.Addr().String(), nil)
		if err != nil {
			return nil // refuses c
		}
		return reactor.Join(c, out, func(err error) {
			fmt.Println("the proxy is done:", err)
			loop.Close()
		})
	})
	if err != nil {
		log.Fatal(err)
	}
	_, err = loop.Dial("tcp", proxy.Addr().String(), &reactor.Funcs{
		Connect: func(c reactor.Conn) {
			c.Write([]byte("hello"))
			c.CloseWrite()
		},
		Readable: func(c reactor.Conn) {
			buf := c.Loop().Scratch()
			n, err := c.Read(buf)
			if err != nil {
				c.Close()
				return
			}
			fmt.Printf("%s\n", buf[:n])
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	if err := loop.Run(); err != nil {
		log.Fatal(err)
	}
	// Output:
	// hello
	// the proxy is done: <nil>
}
