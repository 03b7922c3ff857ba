// Package linktest speaks just enough IP to a kernel to test the device between: an echo, and one TCP connection whose
// segments the test shapes itself. Nothing is retransmitted; what is lost fails the test.
package linktest

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/internal/rtnl"
	"github.com/antedon-net/antedon/wire"
)

// Limit closes the device if the test takes far longer than it should, so that no read waits for ever, and when it ends.
func Limit(t *testing.T, d link.Device) {
	timer := time.AfterFunc(30*time.Second, func() {
		t.Errorf("%s: no answer within 30 s", d.Name())
		d.Close()
	})
	t.Cleanup(func() {
		timer.Stop()
		d.Close()
	})
}

// AwaitLocal waits until the kernel of the calling thread's network namespace takes packets to a.
func AwaitLocal(a netip.Addr) error {
	nl, err := rtnl.Open()
	if err != nil {
		return err
	}
	defer nl.Close()
	for deadline := time.Now().Add(30 * time.Second); !nl.IsLocal(a); runtime.Gosched() {
		if time.Now().After(deadline) {
			return fmt.Errorf("%s cannot be used after 30 s", a)
		}
	}
	return nil
}

// Packets returns n packets to read into.
func Packets(n int) []link.Packet {
	pkts := make([]link.Packet, n)
	for i := range pkts {
		pkts[i].Buf = make([]byte, link.ReadRoom)
	}
	return pkts
}

// appendIP appends an IP header for n bytes of payload.
func appendIP(b []byte, proto wire.Proto, src, dst netip.Addr, n int) []byte {
	if src.Is4() {
		h := wire.IPv4{DF: true, TTL: 64, Proto: proto, Src: src, Dst: dst}
		return h.AppendTo(b, n)
	}
	h := wire.IPv6{HopLimit: 64, NextHeader: proto, Src: src, Dst: dst}
	return h.AppendTo(b, n)
}

// parseIP returns the addresses, protocol and payload of p.
func parseIP(p *link.Packet) (src, dst netip.Addr, proto wire.Proto, payload []byte, err error) {
	if p.Bytes[0]>>4 == 4 {
		h, payload, err := wire.ParseIPv4(p.Bytes)
		return h.Src, h.Dst, h.Proto, payload, err
	}
	h, payload, err := wire.ParseIPv6(p.Bytes)
	return h.Src, h.Dst, h.Proto, payload, err
}

// Echo returns an echo request with n bytes of data. It has no partial checksum.
func Echo(src, dst netip.Addr, n int) link.Packet {
	data := bytes.Repeat([]byte("antedon "), n/8+1)[:n]
	b := appendIP(nil, wire.ProtoICMP, src, dst, 8+n)
	icmp := append([]byte{8, 0, 0, 0, 0x12, 0x34, 0, 1}, data...)
	sum := wire.Checksum(icmp)
	icmp[2], icmp[3] = byte(sum>>8), byte(sum)
	return link.Packet{Bytes: append(b, icmp...)}
}

// AwaitEcho reads until the reply to Echo comes.
func AwaitEcho(q link.Queue, n int) error {
	pkts := Packets(4)
	for {
		k, err := q.Read(pkts)
		if err != nil {
			return err
		}
		for i := range pkts[:k] {
			_, _, proto, icmp, err := parseIP(&pkts[i])
			if err == nil && proto == wire.ProtoICMP && icmp[0] == 0 && len(icmp) == 8+n {
				return nil
			}
		}
	}
}

// Datagrams returns a UDP super-packet of datagrams of size bytes.
func Datagrams(src, dst netip.AddrPort, data []byte, size int) link.Packet {
	n := wire.UDPHeaderLen + len(data)
	b := appendIP(nil, wire.ProtoUDP, src.Addr(), dst.Addr(), n)
	start := len(b)
	h := wire.UDP{SrcPort: src.Port(), DstPort: dst.Port(), Length: uint16(n)}
	h.Checksum = wire.PseudoSum(wire.ProtoUDP, src.Addr(), dst.Addr(), n)
	b = h.AppendTo(b)
	return link.Packet{
		Bytes: b, Payload: [][]byte{data}, SegSize: uint16(size), HdrLen: uint16(len(b)),
		CsumStart: uint16(start), CsumOffset: 6,
	}
}

// Conn is a TCP connection to a kernel.
type Conn struct {
	Local, Remote netip.AddrPort
	MSS           int

	// What the kernel has sent so far.
	LargestSegSize, LargestPacket int

	q        link.Queue
	seq, ack uint32
	pkts     []link.Packet
}

// Dial opens a connection: SYN, SYN-ACK, ACK.
func Dial(q link.Queue, local, remote netip.AddrPort, mss int) (*Conn, error) {
	c := &Conn{Local: local, Remote: remote, MSS: mss, q: q, seq: 1000, pkts: Packets(8)}
	syn := wire.TCP{Flags: wire.SYN}
	syn.Options.HasMSS, syn.Options.MSS = true, uint16(mss)
	if err := c.write(&syn, nil, true); err != nil {
		return nil, err
	}
	c.seq++
	for {
		h, _, err := c.next()
		if err != nil {
			return nil, err
		}
		if h.Flags == wire.SYN|wire.ACK && h.Ack == c.seq {
			c.ack = h.Seq + 1
			return c, c.write(&wire.TCP{Flags: wire.ACK}, nil, true)
		}
	}
}

// Send sends data in one packet, a super-packet if it is longer than MSS. If partial is set, or for a super-packet, the
// checksum is left to the device.
func (c *Conn) Send(data []byte, partial bool) error {
	err := c.write(&wire.TCP{Flags: wire.ACK | wire.PSH}, data, partial)
	c.seq += uint32(len(data))
	return err
}

// Packet returns the packet Send would send.
func (c *Conn) Packet(h *wire.TCP, data []byte, partial bool) link.Packet {
	h.SrcPort, h.DstPort, h.Seq, h.Ack, h.Window = c.Local.Port(), c.Remote.Port(), c.seq, c.ack, 65535
	n := h.Len() + len(data)
	pseudo := wire.PseudoSum(wire.ProtoTCP, c.Local.Addr(), c.Remote.Addr(), n)
	b := appendIP(nil, wire.ProtoTCP, c.Local.Addr(), c.Remote.Addr(), n)
	start := len(b)
	h.Checksum = pseudo
	if !partial {
		h.Checksum = 0
		h.Checksum = wire.TransportChecksum(pseudo, h.AppendTo(nil), data)
	}
	p := link.Packet{Bytes: h.AppendTo(b)}
	if partial {
		p.CsumStart, p.CsumOffset = uint16(start), 16
	}
	if len(data) > c.MSS {
		p.SegSize, p.HdrLen = uint16(c.MSS), uint16(len(p.Bytes))
	}
	for ; len(data) > 10000; data = data[10000:] {
		p.Payload = append(p.Payload, data[:10000])
	}
	p.Payload = append(p.Payload, data)
	return p
}

func (c *Conn) write(h *wire.TCP, data []byte, partial bool) error {
	p := c.Packet(h, data, partial || len(data) > c.MSS)
	n, err := c.q.Write([]link.Packet{p})
	if err == nil && n != 1 {
		err = errors.New("packet not taken")
	}
	return err
}

// next returns the next segment of the connection, the checksum of which it checks.
func (c *Conn) next() (wire.TCP, []byte, error) {
	for {
		n, err := c.q.Read(c.pkts[:1])
		if err != nil || n != 1 {
			return wire.TCP{}, nil, fmt.Errorf("read %d packets: %w", n, err)
		}
		p := &c.pkts[0]
		src, dst, proto, segment, err := parseIP(p)
		if err != nil || proto != wire.ProtoTCP || src != c.Remote.Addr() || dst != c.Local.Addr() {
			continue // the kernel's own affairs
		}
		if !p.CsumValid && !wire.TransportChecksumOK(proto, src, dst, segment) {
			return wire.TCP{}, nil, fmt.Errorf("bad checksum in %x", p.Bytes)
		}
		h, data, err := wire.ParseTCP(segment)
		if err != nil {
			return h, nil, err
		}
		if p.SegSize > 0 && int(p.HdrLen) != len(p.Bytes)-len(data) {
			return h, nil, fmt.Errorf("super-packet with headers of %d, HdrLen is %d", len(p.Bytes)-len(data), p.HdrLen)
		}
		c.LargestSegSize = max(c.LargestSegSize, int(p.SegSize))
		c.LargestPacket = max(c.LargestPacket, len(p.Bytes))
		return h, data, nil
	}
}

// Use makes q the queue of the connection.
func (c *Conn) Use(q link.Queue) { c.q = q }

// Receive reads n bytes and acknowledges each segment.
func (c *Conn) Receive(n int) ([]byte, error) {
	var got []byte
	for len(got) < n {
		h, data, err := c.next()
		if err != nil {
			return got, err
		}
		if len(data) == 0 {
			continue
		}
		if h.Seq != c.ack {
			return got, fmt.Errorf("got sequence number %d, want %d", h.Seq, c.ack)
		}
		got = append(got, data...)
		c.ack += uint32(len(data))
		if err := c.write(&wire.TCP{Flags: wire.ACK}, nil, true); err != nil {
			return got, err
		}
	}
	return got, nil
}
