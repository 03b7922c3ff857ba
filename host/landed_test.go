package host

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/antedon-net/antedon/internal/buffer"
	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/wire"
)

// split has p as if it had been read in two parts, headers and what follows them.
func split(p *link.Packet, c *buffer.Chunk, headers int) (text []byte) {
	text = bytes.Clone(p.Bytes[headers:])
	p.Bytes, p.TextLen = c.B[:headers], uint32(len(text))
	return text
}

// TestRecvLanded has text land where it is wanted while packets are lost and come late, and expects every byte, once.
func TestRecvLanded(t *testing.T) {
	offload := func(c *Config) { c.Offload = link.OffloadChecksum | link.OffloadTSO }
	for _, c := range []struct {
		name, to string
		edit     func(*Config)
	}{
		{"IPv4", "10.0.0.2:80", nil},
		{"IPv6", "[2001:db8::2]:80", nil},
		{"super-segments", "10.0.0.2:80", offload},
		{"super-segments, IPv6", "[2001:db8::2]:80", offload},
		{"no timestamps", "10.0.0.2:80", func(c *Config) { c.TCP.NoTimestamps = true }},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPair(t, c.edit)
			p.listen(1, c.to)
			s := &stream{closed: true} // for now
			client := p.dial(0, c.to, s)
			p.run(time.Second / 10)
			at := p.host[1].findConn(client.ID().Remote, client.ID().Local)
			if at == nil || len(p.accepted) != 1 {
				t.Fatal("not connected")
			}
			reader := p.accepted[0]
			r := rand.New(rand.NewPCG(1, 2))
			landed, usual := 0, 0
			p.take = func(h *Host, f *link.Packet, c *buffer.Chunk) {
				f.CsumValid = true
				headers := at.HeaderLen()
				if h != p.host[1] || len(f.Bytes) <= headers || at.Readable() > 0 || r.IntN(10) == 0 {
					h.Recv(p.now, f, c)
					return
				}
				text := split(f, c, headers)
				n, ok := h.RecvLanded(p.now, at, f, text)
				if ok {
					reader.got = append(reader.got, text[:n]...)
					h.MarkDirty(at)
				} else {
					f.Join(text)
					h.Recv(p.now, f, c)
				}
				if n > 0 {
					landed++
				} else {
					usual++
				}
			}
			p.lose = func([]byte) bool { return r.IntN(30) == 0 }
			request := pattern(2_000_000)
			s.toSend, s.closed = request, false
			p.host[0].MarkDirty(client)
			p.run(5 * time.Minute)
			if !bytes.Equal(reader.got, request) || !reader.eof {
				t.Errorf("%d bytes arrived, or others, want %d; end seen: %v", len(reader.got), len(request), reader.eof)
			}
			if landed == 0 || usual == 0 {
				t.Errorf("%d packets landed, %d did not", landed, usual)
			}
		})
	}
}

// TestRecvLandedRefuses expects nothing to happen for a packet that is anything but plain text of the connection.
func TestRecvLandedRefuses(t *testing.T) {
	const fin, rst, urg, syn = byte(wire.FIN), byte(wire.RST), byte(wire.URG), byte(wire.SYN)
	flags := func(at int, f byte) func(*link.Packet) { return func(p *link.Packet) { p.Bytes[at+13] |= f } }
	resum := func(b []byte) {
		b[10], b[11] = 0, 0
		binary.BigEndian.PutUint16(b[10:], wire.Checksum(b[:wire.IPv4HeaderLen]))
	}
	both := map[string]func(at int) func(*link.Packet){
		"FIN":                   func(at int) func(*link.Packet) { return flags(at, fin) },
		"RST":                   func(at int) func(*link.Packet) { return flags(at, rst) },
		"URG":                   func(at int) func(*link.Packet) { return flags(at, urg) },
		"SYN":                   func(at int) func(*link.Packet) { return flags(at, syn) },
		"other source port":     func(at int) func(*link.Packet) { return func(p *link.Packet) { p.Bytes[at]++ } },
		"other port":            func(at int) func(*link.Packet) { return func(p *link.Packet) { p.Bytes[at+2]++ } },
		"checksum not verified": func(int) func(*link.Packet) { return func(p *link.Packet) { p.CsumValid = false } },
		"header cut off":        func(int) func(*link.Packet) { return func(p *link.Packet) { p.Bytes = p.Bytes[:len(p.Bytes)-1] } },
		"no header":             func(int) func(*link.Packet) { return func(p *link.Packet) { p.Bytes = p.Bytes[:7] } },
		"other version":         func(int) func(*link.Packet) { return func(p *link.Packet) { p.Bytes[0] = 0x70 } },
		"longer header":         func(at int) func(*link.Packet) { return func(p *link.Packet) { p.Bytes[at+12] += 0x10 } },
	}
	for _, to := range []string{"10.0.0.2:80", "[2001:db8::2]:80"} {
		is4 := netip.MustParseAddrPort(to).Addr().Is4()
		at, bad := wire.IPv6HeaderLen, map[string]func(*link.Packet){
			"hop-by-hop":    func(p *link.Packet) { p.Bytes[6] = byte(wire.ProtoHopByHop) },
			"other source":  func(p *link.Packet) { p.Bytes[23]++ },
			"other address": func(p *link.Packet) { p.Bytes[39]++ },
		}
		if is4 {
			at, bad = wire.IPv4HeaderLen, map[string]func(*link.Packet){
				"header checksum": func(p *link.Packet) { p.Bytes[10]++ },
				"fragment":        func(p *link.Packet) { p.Bytes[6] |= 0x20; resum(p.Bytes) },
				"later fragment":  func(p *link.Packet) { p.Bytes[7]++; resum(p.Bytes) },
				"other protocol":  func(p *link.Packet) { p.Bytes[9] = byte(wire.ProtoUDP); resum(p.Bytes) },
				"other source":    func(p *link.Packet) { p.Bytes[15]++; resum(p.Bytes) },
				"other address":   func(p *link.Packet) { p.Bytes[19]++; resum(p.Bytes) },
				"options":         func(p *link.Packet) { p.Bytes[0]++; resum(p.Bytes) },
			}
		}
		for name, f := range both {
			bad[name] = f(at)
		}
		p := newPair(t, nil)
		p.listen(1, to)
		client := p.dial(0, to, &stream{closed: true}) // it does not end its side
		p.run(time.Second / 10)
		c := p.host[1].findConn(client.ID().Remote, client.ID().Local)
		tried := 0
		p.take = func(h *Host, f *link.Packet, chunk *buffer.Chunk) {
			if h != p.host[1] || len(f.Bytes) <= c.HeaderLen() {
				h.Recv(p.now, f, chunk)
				return
			}
			tried++
			f.CsumValid = true
			text := split(f, chunk, c.HeaderLen())
			before, next := *h.Counters(), c.Received()
			for name, change := range bad {
				g := *f
				g.Bytes = append(make([]byte, 0, 100), f.Bytes...)
				change(&g)
				if n, ok := h.RecvLanded(p.now, c, &g, text); n != 0 || ok || *h.Counters() != before || c.Received() != next {
					t.Errorf("%s, %s: it was taken, %d bytes of it", to, name, n)
				}
			}
			if n, ok := h.RecvLanded(p.now, c, f, text[1:]); n != 0 || ok {
				t.Errorf("%s, text cut off: it was taken, %d bytes of it", to, n)
			}
			if n, ok := h.RecvLanded(p.now, c, f, text); n != 2 || !ok {
				t.Errorf("%s: %d, %v of a good one", to, n, ok)
			}
			// Of which the last byte comes again, before the next: that would lie in the wrong place.
			binary.BigEndian.PutUint32(f.Bytes[at+4:], binary.BigEndian.Uint32(f.Bytes[at+4:])+1)
			n, ok := h.RecvLanded(p.now, c, f, []byte("z!"))
			views := c.Peek(make([]buffer.View, 0, 2), 10)
			if n != 0 || !ok || len(views) != 1 || string(views[0].B) != "!" {
				t.Errorf("%s: %d, %v of one that is old in part; %d views to be read", to, n, ok, len(views))
			}
			h.pool.ReleaseAll(views)
		}
		b := client.Reserve(2)
		client.Commit(p.now, copy(b, "yz"), true)
		p.host[0].MarkDirty(client)
		p.run(time.Second / 10)
		if tried != 1 {
			t.Errorf("%s: %d packets", to, tried)
		}
	}
}
