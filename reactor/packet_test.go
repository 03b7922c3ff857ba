package reactor

import (
	"errors"
	"net"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
)

// TestPackets: datagrams there and back, of every kind of socket.
func TestPackets(t *testing.T) {
	eachBackend(t, func(t *testing.T, c Config) {
		dir := t.TempDir()
		for _, a := range [][3]string{
			{"udp", "127.0.0.1:0", "127.0.0.1:0"},
			{"udp", ":0", ":0"}, // IPv4 on a socket of both families
			{"unixgram", filepath.Join(dir, "server"), filepath.Join(dir, "client")},
			{"unixgram", "@" + dir, "@" + dir + "c"},
		} {
			l := newLoop(t, c)
			server, err := l.ListenPacket(a[0], a[1], func(p *Packet) {
				var buf [2000]byte
				for {
					n, from, err := p.ReadFrom(buf[:])
					if err == ErrWouldBlock {
						return
					}
					must(t, err)
					_, err = p.WriteTo(buf[:n], from)
					must(t, err)
				}
			})
			must(t, err)
			var got []string
			client, err := l.DialPacket(a[0], a[2], server.LocalAddr().toLoopback().String(), func(p *Packet) {
				var buf [2000]byte
				n, err := p.Read(buf[:])
				must(t, err)
				got = append(got, string(buf[:n]))
			})
			must(t, err)
			want := []string{"one", "", "three"}
			for _, s := range want {
				_, err := client.Write([]byte(s))
				must(t, err)
			}
			for len(got) < len(want) {
				turn(t, l)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: got %q, want %q", a[0], got, want)
			}
			must(t, client.Close())
			_, _, read := client.ReadFrom(nil)
			_, write := client.Write(nil)
			_, writeTo := client.WriteTo(nil, Addr{})
			for _, err := range []error{read, write, writeTo, client.Close()} {
				if !errors.Is(err, net.ErrClosed) {
					t.Errorf("after Close: %v, want net.ErrClosed", err)
				}
			}
		}
	})
}

// TestPacketFull: a unix datagram socket takes few; OnWritable says when it takes more.
func TestPacketFull(t *testing.T) {
	eachBackend(t, func(t *testing.T, c Config) {
		l := newLoop(t, c)
		server, err := l.ListenPacket("unixgram", "@"+t.TempDir(), nil)
		must(t, err)
		client, err := l.DialPacket("unixgram", "", server.LocalAddr().Name, nil)
		must(t, err)
		writable := 0
		client.OnWritable = func(*Packet) { writable++ }
		for err == nil {
			_, err = client.Write(make([]byte, 1000))
		}
		if err != ErrWouldBlock {
			t.Fatal(err)
		}
		must(t, l.Turn(0))
		if writable != 0 {
			t.Error("OnWritable while there is no room")
		}
		for err = nil; err == nil; {
			_, _, err = server.ReadFrom(make([]byte, 1000))
		}
		for writable == 0 {
			turn(t, l)
		}
		must(t, l.Turn(0))
		if writable != 1 {
			t.Errorf("OnWritable was called %d times, want once", writable)
		}
	})
}

// TestPacketError: an error of one datagram leaves the socket open.
func TestPacketError(t *testing.T) {
	l := newLoop(t, Config{})
	server, err := l.ListenPacket("udp4", "127.0.0.1:0", nil)
	must(t, err)
	addr := server.LocalAddr()
	must(t, server.Close())
	var got error
	client, err := l.DialPacket("udp", "", addr.String(), func(p *Packet) { _, got = p.Read(make([]byte, 10)) })
	must(t, err)
	_, err = client.Write([]byte("x"))
	must(t, err)
	for got == nil {
		turn(t, l)
	}
	if !errors.Is(got, syscall.ECONNREFUSED) {
		t.Errorf("Read: %v, want ECONNREFUSED", got)
	}
	if _, err := client.Write([]byte("x")); err != nil {
		t.Error(err)
	}
	for _, c := range [][2]string{{"tcp", "127.0.0.1:0"}, {"unix", "x"}, {"udp", "example.com:53"}, {"unixgram", ""}} {
		if _, err := l.ListenPacket(c[0], c[1], nil); err == nil {
			t.Errorf("ListenPacket(%q, %q) is taken", c[0], c[1])
		}
	}
	if _, err := l.ListenPacket("udp", client.LocalAddr().String(), nil); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("an address in use: %v, want EADDRINUSE", err)
	}
}
