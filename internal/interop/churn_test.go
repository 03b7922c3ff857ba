package interop

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"github.com/antedon-net/antedon"
	"github.com/antedon-net/antedon/tcp"
)

// TestShortConnections makes many connections that carry one request and one answer, several at a time.
func TestShortConnections(t *testing.T) {
	t.Parallel()
	const conns, atATime = 2000, 16
	everywhere(t, func(t *testing.T, b *bed, c corner) {
		ln := c.listen(t)
		go echo(ln)
		turns := make(chan int)
		go func() {
			defer close(turns)
			for i := range conns {
				turns <- i
			}
		}()
		ctx := bounded(t)
		var workers []func() error
		for range atATime {
			workers = append(workers, func() error {
				for i := range turns {
					if err := c.ask(ctx, ln.Addr(), i); err != nil {
						for range turns { // let the others end
						}
						return fmt.Errorf("connection %d: %w", i, err)
					}
				}
				return nil
			})
		}
		atOnce(t, workers...)
	})
}

// ask makes a connection, sends something of a size that depends on i, and reads it back until the end.
func (c corner) ask(ctx context.Context, to net.Addr, i int) error {
	conn, err := c.client.Dial(ctx, "tcp", to.String())
	if err != nil {
		return err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(limit))
	n := int64(1 + i*7%3000)
	if err := sendAll(conn, "question", n); err != nil {
		return err
	}
	return receiveAll(conn, "question", n)
}

// echo serves connections until the listener is closed: it sends back what it gets.
func echo(ln net.Listener) {
	for {
		c, err := ln.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			c.SetDeadline(time.Now().Add(limit))
			io.Copy(c, c)
		}()
	}
}

// TestPortReuse connects again and again between the same two ports, while the end that closed first, the server, is in
// TIME-WAIT.
func TestPortReuse(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, b *bed, c corner) {
		// tshark tells the connections apart by their SYNs. A kernel in TIME-WAIT that cannot tell yet answers a SYN
		// with the ACK of the old connection, is reset, and takes the next SYN.
		b.excused = []string{"ACKed segment that wasn't captured", "Previous segment(s) not captured"}
		ln := c.listen(t)
		for i := range 100 {
			var client net.Conn
			var err error
			b.tap.until(t, "the port is free", func() bool {
				client, err = c.dialFrom(bounded(t), b, 5000, ln.Addr())
				return !c.ours || !errors.Is(err, syscall.EADDRINUSE) // until the kernel has the ACK of its FIN
			})
			if err != nil {
				t.Fatalf("connection %d: %v", i, err)
			}
			server := accept(t, ln, client)
			transfer(t, client, server, 1000)
			transfer(t, server, client, 1000)
			check(t, server.Close())
			if _, err := client.Read(make([]byte, 1)); err != io.EOF {
				t.Fatalf("connection %d: got %v, want EOF", i, err)
			}
			check(t, client.Close())
			ours, _ := c.sides(client, server)
			b.tap.until(t, "it is over", func() bool {
				s := ours.Info().State
				return s == tcp.StateTimeWait || s == tcp.StateClosed
			})
		}
	})
}

// dialFrom connects from a given port.
func (c corner) dialFrom(ctx context.Context, b *bed, port uint16, to net.Addr) (net.Conn, error) {
	local := net.TCPAddrFromAddrPort(netip.AddrPortFrom(c.from, port))
	if c.ours {
		return b.DialWith(ctx, &net.Dialer{LocalAddr: local}, "tcp", to.String())
	}
	d := antedon.Dialer{Stack: b.stack, LocalAddr: local}
	return d.Dial(ctx, "tcp", to.String())
}
