package workload

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// A service is what the server does with a connection.
type service uint16

const (
	sink   service = iota // reads to the end, and answers with how many bytes it read
	source                // writes until the client goes away
	echo                  // returns every byte
	hangUp                // closes at once
	services
)

// firstPort is where the first service listens; the others follow.
const firstPort = 5001

func (s service) port() uint16 { return firstPort + uint16(s) }

const (
	// bufferSize is how much bulk loads write, and read at most, at a time,
	bufferSize = 128 << 10
	// allBuffers is what the buffers to read into may take together: else the memory of programs would be what is measured,
	allBuffers = 128 << 20
	// leastBuffer is how much each is at least.
	leastBuffer = 16 << 10
)

// bufferFor returns the size of the buffer that each of so many streams reads into.
func bufferFor(streams int) int {
	return min(bufferSize, max(allBuffers/max(streams, 1), leastBuffer)) &^ 4095
}

// noise is what all bulk loads write.
var noise [bufferSize]byte

// A Server serves.
type Server struct {
	listeners []net.Listener
	live      atomic.Int64 // connections
	closed    atomic.Bool
	wg        sync.WaitGroup
}

// Serve makes a server on all addresses of n. The network is "tcp4" or "tcp6".
func Serve(ctx context.Context, n Network, network string) (*Server, error) {
	srv := new(Server)
	for s := range services {
		ln, err := n.Listen(ctx, network, ":"+strconv.Itoa(int(s.port())))
		if err != nil {
			srv.Close()
			return nil, err
		}
		srv.listeners = append(srv.listeners, ln)
		srv.wg.Go(func() { srv.accept(ln, s) })
	}
	return srv, nil
}

// Close stops listening. Connections live on.
func (srv *Server) Close() error {
	srv.closed.Store(true)
	var errs []error
	for _, ln := range srv.listeners {
		errs = append(errs, ln.Close())
	}
	srv.wg.Wait()
	return errors.Join(errs...)
}

// acceptPause is how long a server waits when it cannot accept, as for want of descriptors.
const acceptPause = time.Millisecond

// accept serves what a listener accepts until it is closed, which not every stack's error says.
func (srv *Server) accept(ln net.Listener, s service) {
	for {
		c, err := ln.Accept()
		switch {
		case srv.closed.Load() || errors.Is(err, net.ErrClosed):
			if err == nil {
				c.Close()
			}
			return
		case err != nil:
			time.Sleep(acceptPause)
		case s == hangUp:
			c.Close() // takes no goroutine
		default:
			go srv.serve(c, s)
		}
	}
}

// serve serves one connection. What goes wrong the client sees too.
func (srv *Server) serve(c net.Conn, s service) {
	srv.live.Add(1)
	defer srv.live.Add(-1)
	defer c.Close()
	switch s {
	case sink:
		_, _ = c.Write(binary.BigEndian.AppendUint64(nil, srv.drain(c)))
	case source:
		for {
			if _, err := c.Write(noise[:]); err != nil {
				return
			}
		}
	case echo:
		for b := make([]byte, 4096); ; {
			n, err := c.Read(b)
			if err != nil {
				return
			}
			if _, err := c.Write(b[:n]); err != nil {
				return
			}
		}
	}
}

// drain reads to the end and returns how much there was. All streams are there when the first byte arrives.
func (srv *Server) drain(c net.Conn) (total uint64) {
	for b := make([]byte, 1); ; {
		n, err := c.Read(b)
		total += uint64(n)
		if err != nil {
			return total
		}
		if len(b) == 1 {
			b = make([]byte, bufferFor(int(srv.live.Load())))
		}
	}
}
