package bench

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"os"
	"sync/atomic"

	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/wire"
)

// A crowd is any number of clients behind a device that remember nothing: what they have to say next is in what they hear. So a
// million of them take no memory.
//
// Each sends a SYN, then with the acknowledgment of the SYN-ACK a request, and acknowledges whatever comes.
type crowd struct {
	dev    link.Device
	server netip.AddrPort
	next   atomic.Int64 // client to connect
	out    []link.Packet
	room   []byte
}

// crowdBatch is how many packets are read at once, and may be under way.
const crowdBatch = 64

// clientISS is every client's initial sequence number.
const clientISS = 1000

func newCrowd(dev link.Device, server netip.AddrPort) *crowd {
	return &crowd{dev: dev, server: server, room: make([]byte, 0, crowdBatch*256)}
}

// clientAddr returns the ends of the i-th client: 10.1.0.0 and up, 50,000 ports each.
func clientAddr(i int64) netip.AddrPort {
	const ports = 50_000
	a := i / ports
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1 + byte(a>>16), byte(a >> 8), byte(a)}), uint16(10_000+i%ports))
}

// asked returns how many clients have sent their SYN.
func (c *crowd) asked() int { return int(c.next.Load()) }

// ask lets one more client connect.
func (c *crowd) ask() {
	client := clientAddr(c.next.Add(1) - 1)
	h := wire.TCP{
		SrcPort: client.Port(), DstPort: c.server.Port(), Seq: clientISS, Flags: wire.SYN, Window: 65535,
		Options: wire.TCPOptions{HasMSS: true, MSS: 1460, SACKPermitted: true, HasWScale: true, WScale: 8, HasTimestamps: true, TSVal: 1},
	}
	b := appendSegment(nil, client.Addr(), c.server.Addr(), &h, nil)
	c.dev.Queues()[0].Write([]link.Packet{{Bytes: b}})
}

// run answers until the device closes.
func (c *crowd) run() error {
	pkts := make([]link.Packet, crowdBatch)
	for i := range pkts {
		pkts[i].Buf = make([]byte, link.ReadRoom)
		clear(pkts[i].Buf[:os.Getpagesize()]) // more does not come; and it is there before the memory of others is measured
	}
	q := c.dev.Queues()[0]
	for {
		n, err := q.Read(pkts)
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return nil
			}
			return err
		}
		c.out, c.room = c.out[:0], c.room[:0]
		for i := range pkts[:n] {
			c.answer(pkts[i].Bytes)
		}
		if _, err := q.Write(c.out); err != nil && errors.Is(err, net.ErrClosed) {
			return nil
		}
	}
}

// answer says what the client that a packet is for has to say.
func (c *crowd) answer(b []byte) {
	ip, segment, err := wire.ParseIPv4(b)
	if err != nil || ip.Proto != wire.ProtoTCP || floodNet.Contains(ip.Dst) {
		return
	}
	h, text, err := wire.ParseTCP(segment)
	if err != nil || h.Flags.Has(wire.RST) || len(text) == 0 && !h.Flags.Has(wire.SYN) && !h.Flags.Has(wire.FIN) {
		return
	}
	reply := wire.TCP{
		SrcPort: h.DstPort, DstPort: h.SrcPort, Seq: h.Ack, Ack: h.Seq + uint32(len(text)), Flags: wire.ACK, Window: 65535,
		Options: wire.TCPOptions{HasTimestamps: h.Options.HasTimestamps, TSVal: h.Options.TSEcr + 1, TSEcr: h.Options.TSVal},
	}
	var request []byte
	if h.Flags.Has(wire.SYN) {
		reply.Ack++
		reply.Flags |= wire.PSH
		request = make([]byte, idleRequest)
	}
	if h.Flags.Has(wire.FIN) {
		reply.Ack++
	}
	if len(c.room)+512 > cap(c.room) {
		c.room = make([]byte, 0, cap(c.room))
	}
	start := len(c.room)
	c.room = appendSegment(c.room, ip.Dst, ip.Src, &reply, request)
	c.out = append(c.out, link.Packet{Bytes: c.room[start:]})
}

// appendSegment writes an IPv4 packet.
func appendSegment(b []byte, src, dst netip.Addr, h *wire.TCP, text []byte) []byte {
	n := h.Len() + len(text)
	ip := wire.IPv4{Src: src, Dst: dst, Proto: wire.ProtoTCP, TTL: 64, DF: true}
	b = ip.AppendTo(b, n)
	start := len(b)
	b = append(h.AppendTo(b), text...)
	sum := wire.TransportChecksum(wire.PseudoSum(wire.ProtoTCP, src, dst, n), b[start:])
	binary.BigEndian.PutUint16(b[start+16:], sum) // where a TCP header has it
	return b
}
