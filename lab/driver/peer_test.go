package driver

import (
	"encoding/binary"
	"net"
	"net/netip"
	"testing"

	"github.com/antedon-net/antedon/lab/exp4"
	"github.com/antedon-net/antedon/wire"
)

// TestPeer: what a hostile or confused remote host sends.
func TestPeer(t *testing.T) {
	p := newPlace(t)
	p.start(1, nil)
	p.sdk(0, nil)
	var raw net.PacketConn
	err := p.remote.Do(func() (err error) {
		raw, err = net.ListenPacket("ip4:tcp", "10.7.0.2")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	send := func(b []byte) {
		t.Helper()
		if _, err := raw.WriteTo(b, &net.IPAddr{IP: net.IPv4(10, 7, 0, 1)}); err != nil {
			t.Fatal(err)
		}
	}
	wrong, stray := strayACK(), strayACK()
	wrong[17] ^= 1
	for range 3 {
		send(wrong)
	}
	p.until("bad checksums are counted", func() bool { return p.driver.Counters().BadChecksums == 3 })
	send(stray)
	p.until("a stray is refused", func() bool { return p.driver.Counters().Refused == 1 })
	b := make([]byte, 1500)
	if deadline, ok := p.ctx.Deadline(); ok {
		_ = raw.SetReadDeadline(deadline)
	}
	n, _, err := raw.ReadFrom(b)
	if err != nil || n != 20 || b[13] != flagRST {
		t.Errorf("got %x, %v, want a reset of the driver's", b[:n], err)
	}
	send(stray)
	if n, _, err = raw.ReadFrom(b); err != nil || n != 20 || string(b[4:8]) != string(stray[8:12]) {
		t.Errorf("got %x, %v, want one reset for each stray, and none of the kernel's", b[:n], err)
	}
}

// strayACK is an ACK to a port of the pool that belongs to no connection.
func strayACK() []byte {
	return callSegment(80, 61099, flagACK)
}

// callSegment is a segment from the remote host without text.
func callSegment(from, to uint16, flags wire.Flags) []byte {
	name := exp4.Conn{
		Src: netip.AddrPortFrom(netip.MustParseAddr("10.7.0.2"), from), Dst: netip.AddrPortFrom(netip.MustParseAddr("10.7.0.1"), to),
	}
	h := wire.TCP{SrcPort: from, DstPort: to, Seq: 7, Ack: 9, Flags: flags, Window: 1000}
	b := h.AppendTo(nil)
	binary.BigEndian.PutUint16(b[16:], wire.TransportChecksum(wire.PseudoSum(wire.ProtoTCP, name.Src.Addr(), name.Dst.Addr(), len(b)), b))
	return b
}
