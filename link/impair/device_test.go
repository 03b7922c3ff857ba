package impair_test

import (
	"bytes"
	"errors"
	"math/bits"
	"net"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/impair"
	"github.com/antedon-net/antedon/link/internal/linktest"
	"github.com/antedon-net/antedon/link/pipe"
	"github.com/antedon-net/antedon/wire"
)

// newPair returns an impaired device and the device at the other end of the pipe it is made of.
func newPair(t *testing.T, offload link.Offload, out, in impair.Plan) (*impair.Device, *pipe.Device) {
	t.Helper()
	a, b := pipe.New(pipe.Config{Offload: offload})
	d, err := impair.New(a, out, in)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d, b
}

func write(t *testing.T, d link.Device, pkts ...link.Packet) {
	t.Helper()
	if n, err := d.Queues()[0].Write(pkts); n != len(pkts) || err != nil {
		t.Fatalf("Write: got %d, %v; want %d, nil", n, err, len(pkts))
	}
}

// read waits for n packets and returns them.
func read(t *testing.T, d link.Device, n int) [][]byte {
	t.Helper()
	var got [][]byte
	pkts := linktest.Packets(3)
	for len(got) < n {
		k, err := d.Queues()[0].Read(pkts)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range pkts[:k] {
			got = append(got, bytes.Clone(p.Bytes))
		}
	}
	return got
}

func numbered(i int) link.Packet { return link.Packet{Bytes: bytes.Repeat([]byte{byte(i)}, 100+i)} }

// Both directions take their time, to the nanosecond when time is virtual.
func TestDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := impair.Plan{Delay: 20 * time.Millisecond, Rate: 8e6}
		in := impair.Plan{Delay: 7 * time.Millisecond}
		d, b := newPair(t, link.OffloadNone, out, in)
		start := time.Now()
		write(t, d, numbered(0), numbered(100))
		write(t, b, numbered(50))
		if n, err := d.Queues()[0].TryRead(linktest.Packets(1)); n != 0 || err != nil {
			t.Errorf("TryRead before the time: got %d, %v", n, err)
		}
		for _, test := range []struct {
			dev  link.Device
			want time.Duration
			len  int
		}{{d, 7 * time.Millisecond, 150}, {b, 20100 * time.Microsecond, 100}, {b, 20300 * time.Microsecond, 200}} {
			if got := read(t, test.dev, 1)[0]; len(got) != test.len || time.Since(start) != test.want {
				t.Errorf("packet of %d bytes after %v, want %d after %v", len(got), time.Since(start), test.len, test.want)
			}
		}
	})
}

// A receiver that waits for a late packet is woken by one that overtakes it.
func TestOvertaking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, b := newPair(t, link.OffloadNone, impair.Plan{}, impair.Plan{Reorder: 0.5, Late: time.Second, Seed: 2})
		var got []int
		done := make(chan bool)
		go func() {
			for _, p := range read(t, d, 20) {
				got = append(got, int(p[0]))
			}
			done <- true
		}()
		for i := range 20 {
			synctest.Wait()
			write(t, b, numbered(i))
			<-time.After(100 * time.Millisecond) // virtual time
		}
		<-done
		_, in := d.Stats()
		overtaken := 0
		for i := range got[1:] {
			if got[i+1] < got[i] {
				overtaken++
			}
		}
		if overtaken == 0 || in.Late == 0 || in.Packets != 20 {
			t.Errorf("%v, %+v: want some packets overtaken", got, in)
		}
	})
}

func TestCorrupt(t *testing.T) {
	d, b := newPair(t, link.OffloadNone, impair.Plan{Corrupt: 1}, impair.Plan{})
	write(t, d, numbered(1), numbered(2))
	for i, got := range read(t, b, 2) {
		flipped := 0
		for j, x := range numbered(i + 1).Bytes {
			flipped += bits.OnesCount8(x ^ got[j])
		}
		if flipped != 1 {
			t.Errorf("%d bits inverted, want 1", flipped)
		}
	}
}

// Super-packets are cut before they are impaired, on both sides.
func TestOffloadInside(t *testing.T) {
	d, b := newPair(t, link.OffloadChecksum|link.OffloadTSO, impair.Plan{}, impair.Plan{})
	if d.Offload() != link.OffloadNone || d.MTU() != 1500 || d.Name() != "pipe-a" {
		t.Errorf("offload %v, MTU %d, %s", d.Offload(), d.MTU(), d.Name())
	}
	c := linktest.Conn{Local: netip.MustParseAddrPort("192.0.2.1:1"), Remote: netip.MustParseAddrPort("192.0.2.2:2"), MSS: 1000}
	for _, dir := range [][2]link.Device{{d, b}, {b, d}} {
		write(t, dir[0], c.Packet(&wire.TCP{Flags: wire.ACK}, make([]byte, 5500), true))
		for i, p := range read(t, dir[1], 6) {
			h, segment, err := wire.ParseIPv4(p)
			if err != nil || len(segment) != 20+min(1000, 5500-1000*i) {
				t.Errorf("segment %d: %d bytes, %v", i, len(segment), err)
			}
			if !wire.TransportChecksumOK(h.Proto, h.Src, h.Dst, segment) {
				t.Errorf("segment %d: wrong checksum", i)
			}
		}
	}
	out, in := d.Stats()
	if out.Packets != 6 || in.Packets != 6 {
		t.Errorf("%d and %d packets counted, want 6", out.Packets, in.Packets)
	}
}

func TestRefused(t *testing.T) {
	d, _ := newPair(t, link.OffloadNone, impair.Plan{}, impair.Plan{})
	for _, test := range []struct {
		p    link.Packet
		want error
	}{
		{link.Packet{}, link.ErrMalformed},
		{link.Packet{Bytes: make([]byte, 1501)}, link.ErrTooLong},
		{link.Packet{Bytes: make([]byte, 100), SegSize: 10}, link.ErrMalformed},
	} {
		if n, err := d.Queues()[0].Write([]link.Packet{test.p, numbered(1)}); n != 1 || err != test.want {
			t.Errorf("Write: got %d, %v; want 1, %v", n, err, test.want)
		}
	}
	if _, err := impair.New(d, impair.Plan{}, impair.Plan{Loss: 2}); err == nil {
		t.Error("New took a plan with a loss of 200%")
	}
}

// Close ends readers, and all goroutines: synctest waits for them.
func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, _ := newPair(t, link.OffloadNone, impair.Plan{Delay: time.Second}, impair.Plan{Delay: time.Second})
		write(t, d, numbered(1))
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				if _, err := d.Queues()[0].Read(linktest.Packets(1)); !errors.Is(err, net.ErrClosed) {
					t.Errorf("Read: got %v, want net.ErrClosed", err)
				}
			})
		}
		synctest.Wait()
		if err := d.Close(); err != nil {
			t.Error(err)
		}
		wg.Wait()
		if _, err := d.Queues()[0].Write([]link.Packet{numbered(1)}); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Write: got %v, want net.ErrClosed", err)
		}
	})
}

// An inner device that ends by itself ends its readers too.
func TestInnerClosed(t *testing.T) {
	a, _ := pipe.New(pipe.Config{})
	d, err := impair.New(a, impair.Plan{}, impair.Plan{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	a.Close()
	if _, err := d.Queues()[0].Read(linktest.Packets(1)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Read: got %v, want net.ErrClosed", err)
	}
}

// Everything at once, for the race detector; all that was sent and not lost arrives.
func TestConcurrent(t *testing.T) {
	plan := impair.Plan{Loss: 0.1, Delay: 100 * time.Microsecond, Jitter: 50 * time.Microsecond, Reorder: 0.1, Duplicate: 0.1}
	d, b := newPair(t, link.OffloadNone, plan, plan)
	const writers, each = 3, 300
	var wg sync.WaitGroup
	for _, dev := range []link.Device{d, b} {
		for range writers {
			wg.Go(func() {
				for i := range each {
					if _, err := dev.Queues()[0].Write([]link.Packet{numbered(i % 256)}); err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
	wg.Wait()
	out, _ := d.Stats()
	read(t, b, int(out.Packets-out.Lost+out.Duplicated))
	if out.Packets != writers*each {
		t.Errorf("%d packets counted, want %d", out.Packets, writers*each)
	}
	read(t, d, each) // about 10 % are lost, so at least that many come
}
