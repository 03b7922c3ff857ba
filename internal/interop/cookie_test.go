package interop

import (
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/antedon-net/antedon"
	"github.com/antedon-net/antedon/wire"
)

// TestSYNCookies fills a listener's SYN queue with the SYNs of senders that do not exist, and has the kernel connect all
// the same, with all of its options.
func TestSYNCookies(t *testing.T) {
	t.Parallel()
	const size = 1_000_000
	onEachLink(t, func(t *testing.T, b *bed) {
		lc := antedon.ListenConfig{Stack: b.stack, Backlog: 1}
		ln, err := lc.Listen(bounded(t), "tcp", netip.AddrPortFrom(b.Ours4(), 0).String())
		if err != nil {
			t.Fatal(err)
		}
		defer ln.Close()
		raw, err := b.ListenPacket(bounded(t), "ip4:255", "0.0.0.0")
		if err != nil {
			t.Fatal(err)
		}
		defer raw.Close()
		to := netip.MustParseAddrPort(ln.Addr().String())
		for i := range 20 {
			if _, err := raw.WriteTo(inventedSYN(to, byte(100+i)), &net.IPAddr{IP: to.Addr().AsSlice()}); err != nil {
				t.Fatal(err)
			}
		}
		for i := range 3 {
			client, err := b.Dial(bounded(t), "tcp", ln.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			server := converse(t, ln, client, i)
			transfer(t, client, server, size)
			transfer(t, server, client, size)
			ours, kernel := server.(*antedon.Conn).Info(), tcpInfo(t, client.(*net.TCPConn))
			const all = 1 | 2 | 4 // timestamps, SACK, window scale
			if !strings.HasPrefix(ours.Options, "ts sack wscale:") || kernel.Options&all != all {
				t.Errorf("connection %d: we have %q, the kernel %#x", i, ours.Options, kernel.Options)
			}
		}
		counted := map[string]uint64{}
		for name, n := range b.stack.Counters() {
			counted[name] = n
		}
		if counted["SYN cookies accepted"] != 3 || counted["SYN cookies sent"] < 3 {
			t.Errorf("%d SYN cookies sent, %d accepted; want 3", counted["SYN cookies sent"], counted["SYN cookies accepted"])
		}
	})
}

// inventedSYN returns a SYN from an address on the link that nobody has.
func inventedSYN(to netip.AddrPort, host byte) []byte {
	from := netip.AddrFrom4([4]byte{10, 7, 0, host})
	h := wire.TCP{SrcPort: 1000, DstPort: to.Port(), Seq: 1, Flags: wire.SYN, Window: 1000}
	ip := wire.IPv4{TTL: 64, Proto: wire.ProtoTCP, Src: from, Dst: to.Addr()}
	sum := wire.TransportChecksum(wire.PseudoSum(wire.ProtoTCP, from, to.Addr(), h.Len()), h.AppendTo(nil))
	h.Checksum = sum
	return h.AppendTo(ip.AppendTo(nil, h.Len()))
}
