package fdqueue

import (
	"bytes"
	"errors"
	"net"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/link"
)

// pair returns two queues that are joined by a socket pair, which like a device keeps the bounds of packets.
func pair(t *testing.T, f Framing, o link.Offload) (a, b *Queue) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	var q [2]*Queue
	for i, fd := range fds {
		s := new(State)
		s.SetMTU(1500)
		s.InitOffload(o)
		if q[i], err = New(fd, "pair", f, s); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { q[i].Close() })
	}
	return q[0], q[1]
}

func buffers(n int) []link.Packet {
	pkts := make([]link.Packet, n)
	for i := range pkts {
		pkts[i].Buf = make([]byte, link.ReadRoom)
	}
	return pkts
}

func TestReadDrains(t *testing.T) {
	a, b := pair(t, Framing{Vnet: 10}, link.OffloadChecksum)
	pkts := buffers(4)
	if n, err := b.TryRead(pkts); n != 0 || err != nil {
		t.Errorf("TryRead of nothing: got %d, %v; want 0, nil", n, err)
	}
	one := tcp4(10, 0)
	out := []link.Packet{{Bytes: one}, {Bytes: one[:40], Payload: [][]byte{one[40:43], nil, one[43:]}}, {Bytes: one}}
	if n, err := a.Write(out); n != 3 || err != nil {
		t.Fatalf("Write: got %d, %v; want 3, nil", n, err)
	}
	for _, want := range []int{2, 1} {
		n, err := b.Read(pkts[:2])
		if n != want || err != nil {
			t.Fatalf("Read: got %d, %v; want %d, nil", n, err, want)
		}
		for _, p := range pkts[:n] {
			if !bytes.Equal(p.Bytes, one) {
				t.Errorf("got %x, want %x", p.Bytes, one)
			}
		}
	}
}

// Text lies apart from headers of the length expected, one packet's behind the other's, and any other packet is whole.
func TestReadSplit(t *testing.T) {
	for _, f := range []Framing{{}, {Vnet: 10}, {Vnet: 12, PacketInfo: true}, {Vnet: 10, Ethernet: addresses}} {
		a, b := pair(t, f, link.OffloadChecksum|link.OffloadTSO)
		text := func(n int, p []byte) []byte {
			for i := range n {
				p[len(p)-n+i] = byte(n + i)
			}
			return p
		}
		partial := func(p []byte) link.Packet {
			if f.Vnet == 0 {
				return link.Packet{Bytes: p}
			}
			start := uint16(20)
			if p[0]>>4 == 6 {
				start = 40
			}
			return link.Packet{Bytes: p, CsumStart: start, CsumOffset: 16}
		}
		long := tcp4(1000, 0)
		long[32] = 0x60 // a longer header
		out := []link.Packet{
			partial(text(1000, tcp4(1000, 0))), partial(text(300, tcp4(300, 0))), partial(tcp4(0, 0)), partial(long),
			partial(text(700, tcp6(700))), partial(tcp4(0, 0)[:20]), partial(text(5, tcp4(5, 0))),
		}
		out[5].CsumStart = 0 // its header is cut off
		if n, err := a.Write(out); n != len(out) || err != nil {
			t.Fatalf("Write: %d, %v", n, err)
		}
		in := buffers(10)
		room := make([]byte, 70_000)
		n, err := b.TryReadSplit(in, 40, room)
		if n != len(out) || err != nil {
			t.Fatalf("%+v: TryReadSplit: %d, %v; want %d, nil", f, n, err, len(out))
		}
		at := 0
		for i, want := range []int{1000, 300, 0, 0, 0, 0, 5} {
			if f.Vnet == 0 && i != 2 && want == 0 {
				want = int(in[i].TextLen) // without offload nothing tells where TCP's header begins
			}
			p := in[i]
			if int(p.TextLen) != want || want > 0 && len(p.Bytes) != 40 {
				t.Errorf("%+v: packet %d: %d bytes of text, want %d", f, i, p.TextLen, want)
			}
			text := room[at : at+int(p.TextLen)]
			at += len(text)
			if p.Join(text); !bytes.Equal(p.Bytes, out[i].Bytes) || p.TextLen != 0 {
				t.Errorf("%+v: packet %d has other bytes than were sent", f, i)
			}
			if p.CsumValid != (f.Vnet > 0 && i != 5) {
				t.Errorf("%+v: packet %d: checksum valid: %v", f, i, p.CsumValid)
			}
		}
		if n, err := b.TryReadSplit(in, 40, room); n != 0 || err != nil {
			t.Errorf("TryReadSplit of nothing: %d, %v", n, err)
		}
		// It stops where a packet might not fit.
		if n, err := a.Write(out[:2]); n != 2 || err != nil {
			t.Fatalf("Write: %d, %v", n, err)
		}
		if n, err := b.TryReadSplit(in, 40, room[:link.MaxPacket-40+999]); n != 1 || err != nil {
			t.Errorf("TryReadSplit with little room: %d, %v; want 1", n, err)
		}
		if n, err := b.TryRead(in); n != 1 || err != nil || in[0].TextLen != 0 {
			t.Errorf("TryRead after that: %d, %v", n, err)
		}
	}
}

func TestWriteResumes(t *testing.T) {
	a, b := pair(t, Framing{}, link.OffloadNone)
	const supers = 20
	var payload [16][]byte
	for i := range payload {
		payload[i] = bytes.Repeat([]byte{byte(i)}, 4000)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for range supers { // far more than a socket holds
			head := tcp4(0, 0)
			n, err := a.Write([]link.Packet{{Bytes: head, Payload: payload[:], SegSize: 1000, HdrLen: 40, CsumStart: 20, CsumOffset: 16}})
			if n != 1 || err != nil {
				t.Errorf("Write: got %d, %v; want 1, nil", n, err)
			}
		}
	})
	pkts := buffers(8)
	for got := 0; got < supers*64; {
		n, err := b.Read(pkts)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range pkts[:n] {
			if want := byte(got % 64 / 4); len(p.Bytes) != 1040 || p.Bytes[40] != want || p.Bytes[1039] != want {
				t.Fatalf("packet %d: %d bytes, payload %d; want 1040, %d", got, len(p.Bytes), p.Bytes[40], want)
			}
			got++
		}
	}
	wg.Wait()
	if got := a.state.Stats().Segmented; got != supers {
		t.Errorf("%d super-packets segmented, want %d", got, supers)
	}
}

func TestWriteRefuses(t *testing.T) {
	a, _ := pair(t, Framing{}, link.OffloadNone)
	ok := link.Packet{Bytes: tcp4(0, 0)}
	tests := []struct {
		name string
		p    link.Packet
		want error
	}{
		{"empty", link.Packet{}, link.ErrMalformed},
		{"above the MTU", link.Packet{Bytes: tcp4(1461, 0)}, link.ErrTooLong},
		{"segments above the MTU", link.Packet{Bytes: tcp4(3000, 0), SegSize: 1461, CsumStart: 20}, link.ErrTooLong},
		{"checksum beyond the end", link.Packet{Bytes: tcp4(0, 0), CsumStart: 39}, link.ErrMalformed},
		{"super-packet of nothing", link.Packet{Bytes: []byte{0x45}, SegSize: 5}, link.ErrMalformed},
		{"more pieces than the kernel takes", link.Packet{Bytes: ok.Bytes, Payload: make([][]byte, 2000)}, link.ErrMalformed},
	}
	for i, test := range tests {
		n, err := a.Write([]link.Packet{ok, test.p, ok})
		if n != 2 || err != test.want {
			t.Errorf("%s: got %d, %v; want 2, %v", test.name, n, err, test.want)
		}
		if got := a.state.Stats().Dropped; got != uint64(i+1) {
			t.Errorf("%s: %d dropped, want %d", test.name, got, i+1)
		}
	}
}

func TestClose(t *testing.T) {
	a, _ := pair(t, Framing{}, link.OffloadNone)
	done := make(chan error)
	go func() {
		_, err := a.Read(buffers(1))
		done <- err
	}()
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; !errors.Is(err, net.ErrClosed) {
		t.Errorf("Read: got %v, want net.ErrClosed", err)
	}
	if _, err := a.TryRead(buffers(1)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("TryRead: got %v, want net.ErrClosed", err)
	}
	if _, err := a.Write([]link.Packet{{Bytes: tcp4(0, 0)}}); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Write: got %v, want net.ErrClosed", err)
	}
}

func TestShrink(t *testing.T) {
	const all = link.OffloadChecksum | link.OffloadTSO | link.OffloadUSO
	tests := []struct{ refused, want link.Offload }{
		{link.OffloadChecksum | link.OffloadTSO4, link.OffloadChecksum | link.OffloadUSO},
		{link.OffloadChecksum | link.OffloadTSO6, link.OffloadChecksum | link.OffloadUSO},
		{link.OffloadChecksum | link.OffloadUSO, link.OffloadChecksum | link.OffloadTSO},
		{link.OffloadChecksum, link.OffloadNone},
	}
	for _, test := range tests {
		var told link.Offload
		s := State{SetOffload: func(o link.Offload) { told = o }}
		s.InitOffload(all)
		s.shrink(test.refused)
		if s.Offload() != test.want || told != test.want {
			t.Errorf("%v refused: %v is left and the kernel was told %v, want %v", test.refused, s.Offload(), told, test.want)
		}
	}
}

// A super-packet that the kernel finds too long is cut, and so are those after it. A socket pair takes what its buffer holds.
func TestTooLongForKernel(t *testing.T) {
	a, b := pair(t, Framing{Vnet: 10}, link.OffloadChecksum|link.OffloadTSO)
	a.state.InitMaxSuper(link.MaxSuperPacket)
	var size int
	a.Control(func(fd int) (err error) {
		if err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF, 60_000); err == nil {
			size, err = unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF)
		}
		return err
	})
	if size <= link.MaxPacket || size >= link.MaxSuperPacket {
		t.Fatalf("send buffer of %d bytes", size)
	}
	long := func(n int) []link.Packet {
		return []link.Packet{{Bytes: tcp4(0, 0), Payload: [][]byte{make([]byte, n)}, SegSize: 1000, HdrLen: 40, CsumStart: 20, CsumOffset: 16}}
	}
	big := make([]link.Packet, 1)
	big[0].Buf = make([]byte, 2*link.MaxSuperPacket)
	if n, err := a.Write(long(size - 10_000)); n != 1 || err != nil {
		t.Fatalf("Write: %d, %v", n, err)
	}
	if n, err := b.Read(big); n != 1 || err != nil || big[0].SegSize != 1000 {
		t.Fatalf("Read: %d, %v, segments of %d", n, err, big[0].SegSize)
	}
	for range 2 {
		done := make(chan error)
		go func() {
			_, err := a.Write(long(200_000))
			done <- err
		}()
		for got := 0; got < 200; {
			n, err := b.Read(big)
			if err != nil || big[0].SegSize != 0 || len(big[0].Bytes) != 1040 {
				t.Fatalf("Read: %v, %d bytes in segments of %d", err, len(big[0].Bytes), big[0].SegSize)
			}
			got += n
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	if s := a.state.Stats(); s.Refused != 1 || s.Segmented != 2 || s.Dropped != 0 {
		t.Errorf("stats %+v, want 1 refused, 2 segmented", s)
	}
	if a.state.MaxSuper() != link.MaxPacket || a.state.Offload() != link.OffloadChecksum|link.OffloadTSO {
		t.Errorf("MaxSuper %d, offload %v", a.state.MaxSuper(), a.state.Offload())
	}
}
