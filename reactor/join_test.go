package reactor

import (
	"bytes"
	"errors"
	"io"
	"net"
	"sync"
	"syscall"
	"testing"
)

// proxyTo listens, and joins whom it accepts with connections to address.
func proxyTo(t testing.TB, l *Loop, address string, sides *[]*joinSide, onEnd func(err error)) *Listener {
	return listen(t, l, "tcp", "127.0.0.1:0", func(c Conn) Handler {
		out, err := l.Dial("tcp", address, nil)
		if err != nil {
			t.Error(err)
			return nil
		}
		h := Join(c, out, onEnd)
		*sides = append(*sides, h.(*joinSide))
		return h
	})
}

// TestJoin sends through a proxy in one loop to an echo server in another, reading late, so that both directions fill up.
func TestJoin(t *testing.T) {
	eachBackend(t, func(t *testing.T, c Config) {
		l := newLoop(t, c)
		server := listen(t, l, "tcp", "127.0.0.1:0", func(Conn) Handler { return &echo{} })
		var sides []*joinSide
		var ends []error
		proxy := proxyTo(t, l, server.Addr().String(), &sides, func(err error) { ends = append(ends, err) })
		most := 0
		l.BeforeSleep(func() bool {
			for _, s := range sides {
				most = max(most, s.out.Len(), s.other.out.Len())
			}
			if len(ends) > 0 {
				l.Close()
			}
			return false
		})
		data := randomBytes(1, 20<<20)
		done := make(chan error, 1)
		go func() { done <- roundTrip(proxy.Addr().String(), data) }()
		must(t, l.Run())
		must(t, <-done)
		if len(ends) != 1 || ends[0] != nil {
			t.Errorf("the joint ended %d times, with %v; want once, in peace", len(ends), ends)
		}
		if limit := len(l.Scratch()); most > limit {
			t.Errorf("%d bytes waited for a side, want %d at most", most, limit)
		}
	})
}

// roundTrip sends data, and begins to read when no more of it is taken or all is sent.
func roundTrip(address string, data []byte) error {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	halfway := make(chan struct{})
	sent := make(chan error, 1)
	go func() {
		_, err := conn.Write(data[:1<<20])
		close(halfway)
		if err == nil {
			_, err = conn.Write(data[1<<20:])
		}
		if err == nil {
			err = conn.(*net.TCPConn).CloseWrite()
		}
		sent <- err
	}()
	<-halfway
	got, err := io.ReadAll(conn)
	if err = errors.Join(err, <-sent); err == nil && !bytes.Equal(got, data) {
		err = errors.New("what came back is not what was sent")
	}
	return err
}

// TestJoinFails: a reset passes through, and so does a refusal.
func TestJoinFails(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	for _, c := range []struct {
		name    string
		accepts bool
		want    error
	}{
		{"reset", true, syscall.ECONNRESET},
		{"refused", false, syscall.ECONNREFUSED},
	} {
		l := newLoop(t, Config{})
		var sides []*joinSide
		var ends []error
		proxy := proxyTo(t, l, ln.Addr().String(), &sides, func(err error) { ends = append(ends, err) })
		client, err := net.Dial("tcp", proxy.Addr().String())
		must(t, err)
		var peer sync.WaitGroup
		if c.accepts {
			peer.Go(func() {
				peer, err := ln.Accept()
				if err == nil {
					err = peer.(*net.TCPConn).SetLinger(0)
				}
				if err = errors.Join(err, peer.Close(), ln.Close()); err != nil {
					t.Error(err)
				}
			})
		}
		for len(ends) == 0 {
			turn(t, l)
		}
		peer.Wait()
		if len(ends) != 1 || !errors.Is(ends[0], c.want) {
			t.Errorf("%s: ended with %v, want %v once", c.name, ends, c.want)
		}
		if _, err := client.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("%s: the client reads %v, want ECONNRESET", c.name, err)
		}
		client.Close()
	}
}
