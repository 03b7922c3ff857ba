package stateless

import (
	"testing"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/wire"
)

// FuzzRecv: whatever a server sends, it gets at most two packets for it, which are well-formed and addressed to it.
func FuzzRecv(f *testing.F) {
	e, err := New(config(Request))
	if err != nil {
		f.Fatal(err)
	}
	syn := e.Next(begin, make([]byte, MaxPacket))
	_, body, _ := wire.ParseIPv4(syn)
	h, _, _ := wire.ParseTCP(body)
	good := wire.TCP{Flags: wire.SYN | wire.ACK, Seq: 1000, Ack: h.Seq + 1}
	good.Options.HasTimestamps, good.Options.TSVal, good.Options.TSEcr = true, 5, h.Options.TSVal
	for _, flags := range []wire.Flags{wire.SYN | wire.ACK, wire.ACK, wire.ACK | wire.FIN, wire.RST | wire.ACK} {
		good.Flags = flags
		for m := Connect; m <= SlowRead; m++ {
			f.Add(segment(e.source(0), good, 0), uint8(m))
			f.Add(segment(e.source(0), good, 20), uint8(m))
		}
	}
	f.Fuzz(func(t *testing.T, packet []byte, mode uint8) {
		cfg := config(Mode(mode % uint8(SlowRead+1)))
		cfg.Conns, cfg.FIN, cfg.Request = 1, mode >= 128, request
		e, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, MaxPacket)
		e.Next(begin, buf)
		e.Recv(begin+mono.Time(1e6), packet, true)
		replies := 0
		for p := e.Next(begin+mono.Time(1e6), buf); len(p) > 0; p = e.Next(begin+mono.Time(1e6), buf) {
			replies++
			ip, body, err := wire.ParseIPv4(p)
			if err != nil || ip.Dst != target4.Addr() || !from4.Contains(ip.Src) || !wire.TransportChecksumOK(wire.ProtoTCP, ip.Src, ip.Dst, body) {
				t.Fatalf("sent %x to %v from %v: %v", p, ip.Dst, ip.Src, err)
			}
		}
		if replies > 2 {
			t.Errorf("%d packets for one", replies)
		}
	})
}

// BenchmarkConnection is what one connection costs us that is opened and answers a probe: three packets out, two in.
func BenchmarkConnection(b *testing.B) {
	cfg := config(Hold)
	cfg.Conns, cfg.Rate = 0, MaxRate
	e, err := New(cfg)
	if err != nil {
		b.Fatal(err)
	}
	buf, packet := make([]byte, MaxPacket), make([]byte, 0, MaxPacket)
	answer := wire.TCP{SrcPort: target4.Port(), Seq: 77}
	answer.Options.HasTimestamps = true
	ip := wire.IPv4{TTL: 64, Proto: wire.ProtoTCP, Src: target4.Addr()}
	now := begin
	b.ReportAllocs()
	for b.Loop() {
		if now = now + 1001; now > begin.Add(MaxLifetime/2) { // a new life, or its stamps would run out
			e.begun, now = false, begin
			e.bucket = NewBucket(cfg.Rate)
		}
		_, body, _ := wire.ParseIPv4(e.Next(now, buf))
		h, _, _ := wire.ParseTCP(body)
		src := e.source(e.sent - 1)
		answer.DstPort, answer.Ack, answer.Options.TSEcr, ip.Dst = src.Port(), h.Seq+1, h.Options.TSVal, src.Addr()
		for _, flags := range []wire.Flags{wire.SYN | wire.ACK, wire.ACK} {
			answer.Flags = flags
			packet = answer.AppendTo(ip.AppendTo(packet[:0], answer.Len()))
			if d := e.Recv(now, packet, true); d != 0 {
				b.Fatal(d)
			}
			e.Next(now, buf)
			e.Samples()
		}
	}
}
