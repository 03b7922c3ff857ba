// Command transport shows a reliable transport of one's own on the event loop and the link that are also the stack's: numbered
// blocks over link/udp, lost ones sent again. There is neither TCP in it nor a goroutine, and no privilege is needed.
//
//	go run ./examples/transport --bytes 100000000 --loss 0.02
//
// The transport is end.go, in less than 200 lines; what makes it one is up to you. This file has two ends talk over a loopback
// interface, on one loop. Between two machines each would open one of the two devices.
//
// What it lacks for real use: a way to begin and to end, so that blocks of an earlier stream are not taken for this one's, and a
// window that follows what the reader takes.
package main

import (
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"os"
	"time"

	"github.com/antedon-net/antedon/link/udp"
	"github.com/antedon-net/antedon/reactor"
)

func main() {
	bytes := flag.Int64("bytes", 50_000_000, "how much to send")
	loss := flag.Float64("loss", 0.01, "part of the packets that is thrown away, both ways")
	flag.Parse()
	r, err := transfer(*bytes, *loss, time.Minute)
	if err != nil {
		fmt.Fprintln(os.Stderr, "transport:", err)
		os.Exit(1)
	}
	fmt.Printf("%d bytes in %v, %.2f Gbit/s; %d of %d blocks were sent again; all that was sent arrived\n",
		*bytes, r.elapsed.Round(time.Millisecond), float64(*bytes)*8/r.elapsed.Seconds()/1e9, r.resent, r.blocks)
}

// result is what a transfer came to.
type result struct {
	elapsed        time.Duration
	blocks, resent int
}

// transfer sends random bytes from one end to another, and compares what arrives.
func transfer(n int64, loss float64, limit time.Duration) (result, error) {
	loop, err := reactor.New(reactor.Config{})
	if err != nil {
		return result{}, err
	}
	defer loop.Close()
	left, right, err := openPair()
	if err != nil {
		return result{}, err
	}
	defer left.Close()
	defer right.Close()
	sent, arrived := sha256.New(), sha256.New()
	source := io.TeeReader(io.LimitReader(rand.NewChaCha8([32]byte{}), n), sent)
	sender, err := open(loop, left, "10.9.0.1", "10.9.0.2", source, nil, loss)
	if err != nil {
		return result{}, err
	}
	if _, err := open(loop, right, "10.9.0.2", "10.9.0.1", nil, arrived, loss); err != nil {
		return result{}, err
	}
	start := time.Now()
	sender.flush()
	loop.AfterFunc(limit, func() { loop.Close() })
	loop.BeforeSleep(func() bool {
		if sender.isDone() {
			loop.Close()
		}
		return false
	})
	if err := loop.Run(); err != nil {
		return result{}, err
	}
	switch {
	case !sender.isDone():
		return result{}, fmt.Errorf("not done after %v", limit)
	case [32]byte(sent.Sum(nil)) != [32]byte(arrived.Sum(nil)):
		return result{}, errors.New("other bytes arrived than were sent")
	}
	return result{time.Since(start), int(sender.next), sender.resent}, nil
}

// openPair opens two devices that are each other's other end.
func openPair() (left, right *udp.Device, err error) {
	loopback := netip.MustParseAddr("127.0.0.1")
	right, err = udp.Open(udp.Config{Local: netip.AddrPortFrom(loopback, 0), Learn: true})
	if err == nil {
		if left, err = udp.Open(udp.Config{Remote: right.LocalAddr()}); err != nil {
			right.Close()
		}
	}
	return left, right, err
}

// open puts an end on a device.
func open(loop *reactor.Loop, dev *udp.Device, src, dst string, from io.Reader, to io.Writer, loss float64) (e *end, err error) {
	err = dev.Control(func(fd int) error {
		e, err = newEnd(loop, fd, dev.Queues()[0], netip.MustParseAddr(src), netip.MustParseAddr(dst), from, to)
		return err
	})
	if err == nil {
		e.loss = loss
	}
	return e, err
}
