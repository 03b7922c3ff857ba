package capture_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/capture"
	"github.com/antedon-net/antedon/link/internal/linktest"
	"github.com/antedon-net/antedon/link/pipe"
	"github.com/antedon-net/antedon/wire"
)

var start = time.Unix(1700000000, 123456789)

var ours, kernels = netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")

// tcp returns a TCP packet with n bytes of payload, in pieces, with a partial checksum; a super-packet if n > 1000.
func tcp(n int) link.Packet {
	c := linktest.Conn{Local: netip.MustParseAddrPort("192.0.2.1:1000"), Remote: netip.MustParseAddrPort("192.0.2.2:2000"), MSS: 1000}
	return c.Packet(&wire.TCP{Flags: wire.ACK | wire.PSH}, bytes.Repeat([]byte("antedon"), n/7+1)[:n], true)
}

func read(t testing.TB, b []byte) *file {
	t.Helper()
	f, err := readFile(b)
	if err != nil {
		t.Fatalf("%v\n%x", err, b)
	}
	return f
}

// The whole of a small file, byte for byte.
func TestFormat(t *testing.T) {
	var out bytes.Buffer
	w := capture.NewWriter(&out, capture.Config{SnapLen: 6})
	w.AddInterface("tun0")
	info := capture.Info{Time: start, Direction: capture.Outbound, Comment: "why"}
	if err := w.WritePacket(info, &link.Packet{Bytes: []byte("\x45abcd"), Payload: [][]byte{[]byte("ef")}}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	want := strings.Join([]string{
		"0a0d0d0a", "2c000000", "4d3c2b1a", "0100", "0000", "ffffffffffffffff", // section header
		"0400", "0700", hex.EncodeToString([]byte("antedon\x00")), "0000", "0000", "2c000000",
		"01000000", "28000000", "6500", "0000", "06000000", // interface description
		"0200", "0400", hex.EncodeToString([]byte("tun0")), "0900", "0100", "09000000", "0000", "0000", "28000000",
		"06000000", "3c000000", "00000000", "fe9c9717", "15cd853d", "06000000", "07000000", // packet
		"4561626364650000", "0100", "0300", "77687900", "0200", "0400", "02000000", "0000", "0000", "3c000000",
	}, "")
	if got := hex.EncodeToString(out.Bytes()); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// What is not kept whole cannot be checked: its sum is not worth completing.
func TestTruncatedChecksum(t *testing.T) {
	var out bytes.Buffer
	w := capture.NewWriter(&out, capture.Config{SnapLen: 60})
	w.AddInterface("a")
	p := tcp(5500)
	if err := w.WritePacket(capture.Info{Time: start}, &p); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	whole := bytes.Join(append([][]byte{p.Bytes}, p.Payload...), nil)
	if !bytes.Contains(out.Bytes(), whole[:60]) || bytes.Contains(out.Bytes(), whole[:61]) {
		t.Errorf("the file does not have just the first 60 bytes of the packet:\n%x", out.Bytes())
	}
}

func TestChecksums(t *testing.T) {
	var out bytes.Buffer
	w := capture.NewWriter(&out, capture.Config{})
	w.AddInterface("a")
	for _, n := range []int{0, 501, 5500} {
		p := tcp(n)
		before := bytes.Clone(p.Bytes)
		if err := w.WritePacket(capture.Info{Time: start}, &p); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(before, p.Bytes) || p.CsumStart != 20 {
			t.Errorf("the packet was changed")
		}
	}
	w.Flush()
	f := read(t, out.Bytes())
	for i, n := range []int{0, 501, 5500} {
		r := f.records[i]
		h, segment, err := wire.ParseIPv4([]byte(r.data))
		if err != nil || len(segment) != 20+n || !wire.TransportChecksumOK(h.Proto, h.Src, h.Dst, segment) {
			t.Errorf("packet %d: %d bytes, %v, or a bad checksum", i, len(segment), err)
		}
	}
}

func TestSegment(t *testing.T) {
	var out bytes.Buffer
	w := capture.NewWriter(&out, capture.Config{Segment: true})
	w.AddInterface("a")
	super, malformed := tcp(5500), tcp(3000)
	malformed.Bytes[0] = 0x40
	for _, p := range []link.Packet{super, malformed} {
		w.WritePacket(capture.Info{Time: start, Direction: capture.Inbound, Comment: "one"}, &p)
	}
	w.Flush()
	f := read(t, out.Bytes())
	if len(f.records) != 7 || w.Stats().Written != 7 {
		t.Fatalf("%d packets, %+v; want 7: six segments, and what could not be cut", len(f.records), w.Stats())
	}
	for i, r := range f.records[:6] {
		h, segment, err := wire.ParseIPv4([]byte(r.data))
		if err != nil || len(segment) != 20+min(1000, 5500-1000*i) || !wire.TransportChecksumOK(h.Proto, h.Src, h.Dst, segment) {
			t.Errorf("segment %d: %d bytes, %v, or a bad checksum", i, len(segment), err)
		}
		if r.comment != "one" || r.flags != 1 || !r.time.Equal(start) || r.length != len(r.data) {
			t.Errorf("segment %d: %+v", i, r)
		}
	}
	if n := malformed.Len(); len(f.records[6].data) != n {
		t.Errorf("malformed super-packet: %d bytes, want %d", len(f.records[6].data), n)
	}
}

func TestDevice(t *testing.T) {
	var out bytes.Buffer
	w := capture.NewWriter(&out, capture.Config{Application: "a test"})
	a, b := pipe.New(pipe.Config{Offload: link.OffloadChecksum | link.OffloadTSO})
	d := capture.New(a, w)
	other := capture.New(b, w)
	if d.Name() != "pipe-a" || d.MTU() != 1500 || d.Offload() != a.Offload() {
		t.Errorf("%s, MTU %d, offload %v", d.Name(), d.MTU(), d.Offload())
	}
	if n, err := d.Queues()[0].Write([]link.Packet{tcp(1), tcp(2000)}); n != 2 || err != nil {
		t.Fatal(n, err)
	}
	pkts := linktest.Packets(4)
	if n, err := other.Queues()[0].Read(pkts); n != 2 || err != nil {
		t.Fatal(n, err)
	}
	if n, err := other.Queues()[0].TryRead(pkts); n != 0 || err != nil {
		t.Fatal(n, err)
	}
	f := read(t, out.Bytes()) // nothing waits for Close
	var got []string
	for _, r := range f.records {
		got = append(got, fmt.Sprintf("%s %d %d", r.ifaceName, r.flags, r.length))
	}
	want := []string{"pipe-a 2 41", "pipe-a 2 2040", "pipe-b 1 41", "pipe-b 1 2040"}
	if strings.Join(got, ", ") != strings.Join(want, ", ") || f.application != "a test" {
		t.Errorf("got %v by %q, want %v", got, f.application, want)
	}
	if f.records[0].time.Before(start) || f.records[2].time.Before(f.records[0].time) {
		t.Errorf("times %v, %v", f.records[0].time, f.records[2].time)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}

// failing fails after n bytes.
type failing struct{ n int }

var errFull = errors.New("disk full")

func (f *failing) Write(b []byte) (int, error) {
	if f.n -= len(b); f.n < 0 {
		return 0, errFull
	}
	return len(b), nil
}

func TestErrors(t *testing.T) {
	w := capture.NewWriter(&failing{500}, capture.Config{})
	a, b := pipe.New(pipe.Config{})
	d := capture.New(a, w)
	const n = 20
	for range n {
		if _, err := d.Queues()[0].Write([]link.Packet{tcp(100)}); err != nil {
			t.Fatalf("traffic was disturbed: %v", err)
		}
	}
	if k, _ := b.Queues()[0].TryRead(linktest.Packets(2 * n)); k != n {
		t.Errorf("%d packets arrived, want %d", k, n)
	}
	if err := w.Err(); !errors.Is(err, errFull) {
		t.Errorf("Err: got %v", err)
	}
	if s := w.Stats(); s.Written+s.Lost != n || s.Written == 0 || s.Lost == 0 {
		t.Errorf("%+v, want %d in all", s, n)
	}
	if err := w.Close(); !errors.Is(err, errFull) {
		t.Errorf("Close: got %v", err)
	}
	p := tcp(1)
	if err := w.WritePacket(capture.Info{}, &p); !errors.Is(err, os.ErrClosed) {
		t.Errorf("WritePacket after Close: got %v", err)
	}
	if err := w.WritePacket(capture.Info{Interface: 1}, &p); err == nil {
		t.Error("WritePacket on an interface that is not there: no error")
	}
	if err := w.Close(); err != nil {
		t.Errorf("second Close: got %v", err)
	}
	if _, err := capture.Create(filepath.Join(t.TempDir(), "no", "file"), capture.Config{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Create: got %v", err)
	}
}

// countingWriter knows how much it was given at once.
type countingWriter struct{ largest, total int }

func (c *countingWriter) Write(b []byte) (int, error) {
	c.largest = max(c.largest, len(b))
	c.total += len(b)
	return len(b), nil
}

func TestBoundedMemory(t *testing.T) {
	var c countingWriter
	w := capture.NewWriter(&c, capture.Config{})
	id := w.AddInterface(strings.Repeat("n", 100000))
	p := tcp(link.MaxSuperPacket - 100)
	info := capture.Info{Interface: id, Time: start, Comment: strings.Repeat("c", 100000)}
	const n = 50
	allocs := testing.AllocsPerRun(n, func() { w.WritePacket(info, &p) })
	w.Close()
	if c.largest > 350<<10 || c.total < n*link.MaxSuperPacket || allocs != 0 {
		t.Errorf("%d bytes at once of %d, %v allocations", c.largest, c.total, allocs)
	}
}

func TestConcurrent(t *testing.T) {
	var out bytes.Buffer
	w := capture.NewWriter(&out, capture.Config{})
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			id := w.AddInterface(fmt.Sprint("if", i))
			for range 100 {
				p := tcp(i * 700)
				if err := w.WritePacket(capture.Info{Interface: id, Time: start}, &p); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if f := read(t, out.Bytes()); len(f.records) != 400 || len(f.interfaces) != 4 {
		t.Errorf("%d packets on %d interfaces", len(f.records), len(f.interfaces))
	}
}

func FuzzReadBack(f *testing.F) {
	f.Add([]byte("\x45\x00\x00\x1d"), "a comment", "tun0", 0, int64(1), uint8(1), uint16(0), uint16(0))
	f.Add(tcp(30).Bytes, "", "", 20, int64(-1), uint8(0), uint16(20), uint16(16))
	f.Fuzz(func(t *testing.T, data []byte, comment, name string, snapLen int, nano int64, dir uint8, csumStart, csumOffset uint16) {
		if len(data) > link.MaxPacket || len(comment) > 65535 || len(name) > 65535 {
			return
		}
		var out bytes.Buffer
		w := capture.NewWriter(&out, capture.Config{SnapLen: snapLen, Segment: true})
		w.AddInterface("other")
		info := capture.Info{
			Interface: w.AddInterface(name), Time: time.Unix(0, nano), Direction: capture.Direction(dir % 3), Comment: comment,
		}
		p := link.Packet{Bytes: data, CsumStart: csumStart, CsumOffset: csumOffset}
		complete := link.Packet{Bytes: bytes.Clone(data), CsumStart: csumStart, CsumOffset: csumOffset}
		if snapLen <= 0 || snapLen >= len(data) { // a packet that is not kept whole stays as it is
			link.CompleteChecksum(&complete)
		}
		if err := errors.Join(w.WritePacket(info, &p), w.Close()); err != nil {
			t.Fatal(err)
		}
		if snapLen <= 0 || snapLen > link.MaxSuperPacket {
			snapLen = link.MaxSuperPacket
		}
		want := record{
			iface: 1, ifaceName: name, time: info.Time, data: string(complete.Bytes[:min(snapLen, len(data))]),
			length: len(data), flags: uint32(info.Direction), comment: comment,
		}
		got := read(t, out.Bytes())
		if len(got.records) != 1 || got.records[0] != want {
			t.Errorf("got %+v, want %+v", got.records, want)
		}
	})
}

func BenchmarkWrite(b *testing.B) {
	w := capture.NewWriter(io.Discard, capture.Config{})
	w.AddInterface("a")
	p := tcp(46000)
	b.SetBytes(int64(p.Len()))
	b.ReportAllocs()
	for b.Loop() {
		w.WritePacket(capture.Info{Time: start}, &p)
	}
}
