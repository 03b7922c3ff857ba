package main

import (
	"bytes"
	"io"
	"net"
	"testing"

	"github.com/antedon-net/antedon/reactor"
)

func TestServe(t *testing.T) {
	for _, c := range []struct {
		backend string
		loops   int
	}{{"epoll", 1}, {"epoll", 3}, {"poll", 1}, {"select", 1}} {
		err := serve("tcp", "127.0.0.1:0", c.backend, c.loops, func(address string, loops []*reactor.Loop) {
			go func() {
				for range 5 {
					roundTrip(t, address)
				}
				for _, l := range loops {
					l.Close()
				}
			}()
		})
		if err != nil {
			t.Errorf("%+v: %v", c, err)
		}
	}
	for _, backend := range []string{"kqueue", "poll"} { // poll cannot share
		if serve("tcp", "127.0.0.1:0", backend, 2, nil) == nil {
			t.Errorf("two loops on %s: no error", backend)
		}
	}
}

func roundTrip(t *testing.T, address string) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Error(err)
		return
	}
	defer conn.Close()
	sent := bytes.Repeat([]byte("echo"), 50_000)
	go func() {
		_, _ = conn.Write(sent)
		_ = conn.(*net.TCPConn).CloseWrite()
	}()
	if got, err := io.ReadAll(conn); err != nil || !bytes.Equal(got, sent) {
		t.Errorf("%d bytes came back, %v; want the %d that were sent", len(got), err, len(sent))
	}
}
