package interop

import (
	"fmt"
	"net"
	"testing"
)

// TestGigabyte sends a gigabyte each way over one connection: over IPv4 one after the other, over IPv6 both at once.
func TestGigabyte(t *testing.T) {
	t.Parallel()
	const size = 1 << 30 / slow
	onEachLink(t, func(t *testing.T, b *bed) {
		names, corners := b.corners()
		for i, c := range corners {
			if c.ours != c.to.Is4() {
				continue // half of the corners say as much as all
			}
			t.Run(names[i], func(t *testing.T) {
				ours, kernel := c.pair(t)
				if c.to.Is4() {
					transfer(t, ours, kernel, size)
					transfer(t, kernel, ours, size)
					return
				}
				atOnce(t,
					func() error { return send(ours, "up", size) },
					func() error { return receive(kernel, "up", size) },
					func() error { return send(kernel, "down", size) },
					func() error { return receive(ours, "down", size) },
				)
			})
		}
	})
}

// TestManyAtOnce has 200 connections at the same time, each with data both ways.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	const conns, size = 200, 300 << 10
	everywhere(t, func(t *testing.T, b *bed, c corner) {
		ln := c.listen(t)
		var all []func() error
		for i := range conns {
			client, server := c.dial(t, ln)
			name := fmt.Sprint("connection ", i)
			all = append(all,
				func() error { return exchange(client, name+" up", name+" down", size) },
				func() error { return exchange(server, name+" down", name+" up", size) },
			)
		}
		atOnce(t, all...)
	})
}

// exchange sends one stream while it receives another, both ended by a half-close.
func exchange(c net.Conn, out, in string, n int64) error {
	sent := make(chan error, 1)
	go func() {
		err := send(c, out, n)
		if err == nil {
			err = c.(interface{ CloseWrite() error }).CloseWrite()
		}
		sent <- err
	}()
	err := receiveAll(c, in, n)
	if serr := <-sent; err == nil {
		err = serr
	}
	if err != nil {
		return fmt.Errorf("%s: %w", out, err)
	}
	return nil
}
