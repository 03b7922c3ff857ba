package antedon_test

import (
	"errors"
	"net"
	"testing"
	"time"

	"github.com/antedon-net/antedon"
)

// Every setting can be changed on a connection, shows in what Info tells if it can, and is refused once it is closed.
func TestSettings(t *testing.T) {
	a, b := pipes(t, allOffload)
	x, y, stop, err := connPair(a, b, "10.0.0.2:0")
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	defer y.Close()
	c := x.(*antedon.Conn)
	settings := []struct {
		name string
		set  func() error
	}{
		{"SetNoDelay", func() error { return c.SetNoDelay(false) }},
		{"SetCork", func() error { return c.SetCork(false) }},
		{"SetQuickACK", func() error { return c.SetQuickACK(true) }},
		{"SetLinger", func() error { return c.SetLinger(-1) }},
		{"SetKeepAlive", func() error { return c.SetKeepAlive(true) }},
		{"SetKeepAlivePeriod", func() error { return c.SetKeepAlivePeriod(time.Hour) }},
		{"SetKeepAliveConfig", func() error { return c.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true}) }},
		{"SetUserTimeout", func() error { return c.SetUserTimeout(time.Hour) }},
		{"SetTOS", func() error { return c.SetTOS(0x20) }},
		{"SetTTL", func() error { return c.SetTTL(3) }},
		{"SetReadBuffer", func() error { return c.SetReadBuffer(100_000) }},
		{"SetWriteBuffer", func() error { return c.SetWriteBuffer(10_000) }},
		{"SetNotSentLowat", func() error { return c.SetNotSentLowat(10_000) }},
		{"SetMSS", func() error { return c.SetMSS(512) }},
		{"SetCongestion", func() error { return c.SetCongestion("bbr") }},
	}
	for _, s := range settings {
		if err := s.set(); err != nil {
			t.Errorf("%s: %v", s.name, err)
		}
	}
	if err := c.SetCongestion("no such thing"); err == nil {
		t.Error("any congestion control will do")
	}
	if i := c.Info(); i.Congestion != "bbr" || i.RcvSpace != 100_000 || i.SndMSS != 512-12 {
		t.Errorf("congestion control %q, receive buffer %d, MSS %d", i.Congestion, i.RcvSpace, i.SndMSS)
	}
	if n, err := x.Write(make([]byte, 100_000)); err != nil || n != 100_000 {
		t.Errorf("wrote %d bytes: %v", n, err)
	}
	c.Close()
	for _, s := range settings {
		if err := s.set(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("%s after Close: %v", s.name, err)
		}
	}
}

// With DeferAccept a listener sleeps until a client speaks, and with a not-sent low-water mark and small buffers, which
// connections get by configuration, everything still arrives.
func TestDeferAccept(t *testing.T) {
	a, b := pipes(t, allOffload)
	ln, err := (&antedon.ListenConfig{Stack: b, DeferAccept: time.Minute}).Listen(t.Context(), "tcp", "10.0.0.2:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	silent, err := a.Dial(t.Context(), "tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	speaks, err := a.Dial(t.Context(), "tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer speaks.Close()
	speaks.Write([]byte("hello"))
	c, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if got, want := c.RemoteAddr().String(), speaks.LocalAddr().String(); got != want {
		t.Errorf("accepted %s, want %s: the other has not spoken", got, want)
	}
}
