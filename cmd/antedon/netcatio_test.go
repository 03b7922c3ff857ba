package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestNetcatFiles: files, which no poller watches, as input and as output.
func TestNetcatFiles(t *testing.T) {
	t.Parallel()
	p := newPlaceWithTUN(t)
	up, down := noise("up", 3*bulk), noise("down", 3*bulk)
	dir := t.TempDir()
	from, to := filepath.Join(dir, "from"), filepath.Join(dir, "to")
	if err := os.WriteFile(from, up, 0o666); err != nil {
		t.Fatal(err)
	}
	in, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	out, err := os.Create(to)
	if err != nil {
		t.Fatal(err)
	}
	us := p.antedon("netcat", "--tun", "tun0", "-v", "-l", "7020").feed(in)
	us.Stdout = out
	us.start().says(us.stderr, "listening on")
	nc := p.other("nc", "-N", "-n", "10.7.0.2", "7020").feed(bytes.NewReader(down)).start()
	compare(t, nc.ok(), string(up))
	us.ok()
	got, err := os.ReadFile(to)
	if err != nil {
		t.Fatal(err)
	}
	compare(t, string(got), string(down))
}

// TestNetcatTerminal: what is typed is sent line by line, and nobody waits for who types when the peer has closed.
func TestNetcatTerminal(t *testing.T) {
	t.Parallel()
	p := newPlaceWithTUN(t)
	ln := p.listen("10.7.0.1:7021")
	master, slave := openTerminal(t)
	us := p.antedon("netcat", "--tun", "tun0", "10.7.0.1", "7021").feed(slave)
	us.Stdout = slave
	us.start()
	c, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	io.WriteString(master, "question\n")
	b := make([]byte, 9)
	if _, err := io.ReadFull(c, b); err != nil || string(b) != "question\n" {
		t.Errorf("the peer reads %q, %v", b, err)
	}
	io.WriteString(c, "answer\n")
	c.(*net.TCPConn).CloseWrite()
	us.ok()
	b = make([]byte, 100)
	for seen := ""; !strings.Contains(seen, "answer\r\n"); {
		n, err := master.Read(b)
		if seen += string(b[:n]); err != nil {
			t.Fatalf("the terminal shows %q: %v", seen, err)
		}
	}
	// Control-D is the end of the input.
	us = p.antedon("netcat", "--tun", "tun0", "10.7.0.1", "7021").feed(slave).start()
	if c, err = ln.Accept(); err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	io.WriteString(master, "bye\n\x04")
	if got, err := io.ReadAll(c); string(got) != "bye\n" || err != nil {
		t.Errorf("the peer reads %q, %v, want bye and the end", got, err)
	}
	c.Close()
	us.ok()
}

// openTerminal returns both ends of a new pseudo-terminal.
func openTerminal(t *testing.T) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { master.Close() })
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { slave.Close() })
	return master, slave
}

const (
	// stuck is how long nothing moves before it has come to rest.
	stuck = 500 * time.Millisecond
	// heldUp is more than all buffers on the way together.
	heldUp = 256 << 20
)

// fill writes to w until that takes no more, and returns how much it was: less than heldUp if somebody holds it up.
func fill(t *testing.T, w interface {
	io.Writer
	SetWriteDeadline(time.Time) error
}) (total int) {
	t.Helper()
	piece := make([]byte, 64<<10)
	for total < heldUp {
		w.SetWriteDeadline(time.Now().Add(stuck))
		n, err := w.Write(piece)
		total += n
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return total
		}
		if err != nil {
			t.Fatalf("after %d bytes: %v", total, err)
		}
	}
	t.Errorf("%d bytes are taken, and nobody reads them", total)
	return total
}

// TestNetcatHeldUp: who does not read holds up who writes, both ways, and gets everything in the end.
func TestNetcatHeldUp(t *testing.T) {
	t.Parallel()
	p := newPlaceWithTUN(t)
	ln := p.listen("10.7.0.1:7022")
	inR, inW, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer inW.Close()
	outR, outW, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer outR.Close()
	us := p.antedon("netcat", "--tun", "tun0", "10.7.0.1", "7022").feed(inR)
	us.Stdout = outW
	us.start()
	outW.Close()
	accepted, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	c := accepted.(*net.TCPConn)
	defer c.Close()
	sent, received := fill(t, inW), fill(t, c)
	inW.Close()
	c.CloseWrite()
	for _, r := range []struct {
		name string
		from io.Reader
		want int
	}{{"the peer", c, sent}, {"the output", outR, received}} {
		if n, err := io.Copy(io.Discard, r.from); int(n) != r.want || err != nil {
			t.Errorf("%s has %d bytes, %v, want %d", r.name, n, err, r.want)
		}
	}
	us.ok()
}

// TestNetcatNobodyReads: an output that is gone ends it, and so does a signal where the output has no room.
func TestNetcatNobodyReads(t *testing.T) {
	t.Parallel()
	p := newPlaceWithTUN(t)
	ln := p.listen("10.7.0.1:7023")
	start := func() (us *program, c *net.TCPConn, out *os.File) {
		outR, outW, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { outR.Close() })
		us = p.antedon("netcat", "--tun", "tun0", "-d", "10.7.0.1", "7023")
		us.Stdout = outW
		us.start()
		outW.Close()
		accepted, err := ln.Accept()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { accepted.Close() })
		return us, accepted.(*net.TCPConn), outR
	}
	us, c, out := start()
	out.Close()
	go func() { // processes that are being started have the output open a little longer, so "hello" would not do
		for b := make([]byte, 1000); ; {
			if _, err := c.Write(b); err != nil {
				return
			}
		}
	}()
	us.fails(exitFailure, "antedon: netcat: write /dev/stdout: broken pipe\n")
	us, c, _ = start()
	fill(t, c)
	us.signal(unix.SIGINT).ok()
}

// TestNetcatImpaired: the loop waits for a device that packets do not come from at once.
func TestNetcatImpaired(t *testing.T) {
	t.Parallel()
	p := newPlaceWithTUN(t)
	data := string(noise("impaired", bulk/4))
	us := p.antedon("netcat", "--tun", "tun0", "--impair", "loss=1%,delay=1ms,seed=1", "-v", "-l", "7024").feed(strings.NewReader(data)).start()
	us.says(us.stderr, "listening on")
	compare(t, p.other("nc", "-N", "-n", "10.7.0.2", "7024").feed(strings.NewReader("")).ok(), data)
	us.ok()
}
