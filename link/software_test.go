package link_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"net"
	"testing"

	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/pipe"
)

const allOffload = link.OffloadChecksum | link.OffloadTSO | link.OffloadUSO

// segmentsOf returns a pipe's super-packet number i, and the segments it stands for.
func segmentsOf(t *testing.T, i int) (link.Packet, []string) {
	test := superPackets[i]
	b := unhex(t, test.packet)
	h, err := link.ParseHeaders(b)
	if err != nil {
		t.Fatal(err)
	}
	p := spread(b, h.Payload, 3)
	p.SegSize, p.HdrLen, p.CsumStart, p.CsumOffset = test.segSize, uint16(h.Payload), test.csumStart, test.csumOffset
	return p, test.segments
}

func TestWithoutOffloadRead(t *testing.T) {
	a, b := pipe.New(pipe.Config{Offload: allOffload})
	d := link.WithoutOffload(b)
	if d.Offload() != link.OffloadNone || d.MTU() != b.MTU() || len(d.Queues()) != 1 {
		t.Errorf("offload %v, MTU %d, %d queues", d.Offload(), d.MTU(), len(d.Queues()))
	}
	var out []link.Packet
	var want []string
	for i := range superPackets {
		p, segments := segmentsOf(t, i)
		out = append(out, p, partial(t, segments[0], p.CsumStart, p.CsumOffset), link.Packet{Bytes: unhex(t, segments[0])})
		want = append(append(want, segments...), segments[0], segments[0])
	}
	if _, err := a.Queues()[0].Write(out); err != nil {
		t.Fatal(err)
	}
	// Batches that end in the middle of a super-packet.
	for _, limit := range []int{1, 4, 100} {
		pkts := make([]link.Packet, limit)
		for i := range pkts {
			pkts[i].Buf = make([]byte, link.ReadRoom)
		}
		n, err := d.Queues()[0].Read(pkts)
		if err != nil || n != min(limit, len(want)) {
			t.Fatalf("read %d packets, %v; want %d", n, err, min(limit, len(want)))
		}
		for _, p := range pkts[:n] {
			if got := hex.EncodeToString(p.Bytes); got != want[0] || p.SegSize != 0 || p.CsumStart != 0 {
				t.Errorf("got\n%s\nwant\n%s", got, want[0])
			}
			want = want[1:]
		}
	}
	if len(want) != 0 {
		t.Errorf("%d packets missing", len(want))
	}
	d.Close()
	if _, err := d.Queues()[0].TryRead(make([]link.Packet, 1)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("read after Close: %v", err)
	}
}

func TestWithoutOffloadWrite(t *testing.T) {
	a, b := pipe.New(pipe.Config{Offload: allOffload})
	d := link.WithoutOffload(a)
	var out []link.Packet
	var want []string
	for i := range superPackets {
		p, segments := segmentsOf(t, i)
		out = append(out, link.Packet{Bytes: unhex(t, segments[0])}, partial(t, segments[0], p.CsumStart, p.CsumOffset), p)
		want = append(append(want, segments[0], segments[0]), segments...)
	}
	bad := link.Packet{Bytes: bytes.Repeat([]byte{1}, 60), SegSize: 10, CsumStart: 20}
	n, err := d.Queues()[0].Write(append(out, bad))
	if n != len(out) || err != link.ErrMalformed {
		t.Errorf("Write: got %d, %v; want %d, ErrMalformed", n, err, len(out))
	}
	pkts := make([]link.Packet, 100)
	for i := range pkts {
		pkts[i].Buf = make([]byte, link.ReadRoom)
	}
	if n, err = b.Queues()[0].TryRead(pkts); n != len(want) || err != nil {
		t.Fatalf("read %d packets, %v; want %d", n, err, len(want))
	}
	for i, p := range pkts[:n] {
		if got := hex.EncodeToString(p.Bytes); got != want[i] || p.SegSize != 0 || p.CsumStart != 0 {
			t.Errorf("packet %d: got\n%s\nwant\n%s", i, got, want[i])
		}
	}
}

// A super-packet of very small segments takes more than one batch.
func TestWithoutOffloadManySegments(t *testing.T) {
	a, b := pipe.New(pipe.Config{Offload: allOffload})
	p := bigPacket()
	p.SegSize = 100
	want := cut(t, &p)
	d := link.WithoutOffload(a)
	if n, err := d.Queues()[0].Write([]link.Packet{p}); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	pkts := make([]link.Packet, 1)
	pkts[0].Buf = make([]byte, link.ReadRoom)
	for i := range want {
		if n, err := b.Queues()[0].TryRead(pkts); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		if got := hex.EncodeToString(pkts[0].Bytes); got != want[i] {
			t.Fatalf("packet %d: got\n%s\nwant\n%s", i, got, want[i])
		}
	}
}

func TestWithoutOffloadOfPlain(t *testing.T) {
	a, _ := pipe.New(pipe.Config{})
	if d := link.WithoutOffload(a); d != link.Device(a) {
		t.Error("a device without offload was wrapped")
	}
}
