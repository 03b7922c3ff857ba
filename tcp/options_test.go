package tcp_test

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/antedon-net/antedon/internal/buffer"
	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/internal/siphash"
	"github.com/antedon-net/antedon/internal/tcptest"
	"github.com/antedon-net/antedon/tcp"
	"github.com/antedon-net/antedon/wire"
)

const everyOption = "<WND=10000><MSS=1460><SACKOK><TS=0,0><WS=7>"

// The options as they stand in the header, byte for byte: what peers and captures expect of Linux.
//
// req: RFC9293 MUST-14, MUST-65, SHLD-5, MAY-3, RFC2018 2-1, RFC7323 2.2-1, 2.2-2, 3.2-1, 3.2-5, 5.2-4
func TestOptionLayout(t *testing.T) {
	const (
		mss    = "020405b4 "
		sackTS = "0402 080a 11111111 "
		ws     = "01 030308"
	)
	t.Run("SYN", func(t *testing.T) {
		s := tcptest.Dial(t, tcptest.Setup{})
		s.ExpectHeader("SYN", mss+sackTS+"00000000"+ws)
	})
	for _, c := range []struct {
		name   string
		config tcp.Config
		want   string
	}{
		{"no timestamps", tcp.Config{NoTimestamps: true}, mss + "0101 0402" + ws},
		{"no SACK", tcp.Config{NoSACK: true}, mss + "0101 080a 11111111 00000000" + ws},
		{"no window scale", tcp.Config{NoWindowScale: true}, mss + sackTS + "00000000"},
		{"MSS alone", tcp.Config{NoTimestamps: true, NoSACK: true, NoWindowScale: true}, mss},
		{"small receive buffer", tcp.Config{RecvBuffer: 65535}, mss + sackTS + "00000000 01 030300"},
		{"largest receive buffer", tcp.Config{RecvBuffer: 1 << 30}, mss + sackTS + "00000000 01 03030e"},
	} {
		t.Run("SYN, "+c.name, func(t *testing.T) {
			tcptest.Dial(t, tcptest.Setup{Config: c.config}).ExpectHeader("SYN", c.want)
		})
	}
	for _, c := range []struct{ name, peer, want string }{
		{"everything offered", everyOption, mss + sackTS + "22222222" + ws},
		{"nothing offered", "<WND=10000>", mss},
		{"SACK offered", "<WND=10000><MSS=1460><SACKOK>", mss + "0101 0402"},
		{"window scale offered", "<WND=10000><MSS=1460><WS=0>", mss + ws},
		{"timestamps offered", "<WND=10000><MSS=1460><TS=0,0>", mss + "0101 080a 11111111 22222222"},
	} {
		t.Run("SYN-ACK, "+c.name, func(t *testing.T) {
			tcptest.Accept(t, tcptest.Setup{Peer: c.peer, TSBase: 7}).ExpectHeader("SYN,ACK", c.want)
		})
	}
	t.Run("others", func(t *testing.T) {
		s := tcptest.Dial(t, tcptest.Setup{Peer: everyOption, TSBase: 7, IRS: 0x1000 - 1})
		s.Ignore()
		s.Recv("<SEQ=0><ACK=1><CTL=SYN,ACK>")
		s.ExpectHeader("ACK", "0101 080a 11111111 22222222")
		s.Recv("<SEQ=257><ACK=1><DATA=16><CTL=ACK>")
		s.ExpectHeader("ACK", "0101 080a 11111111 22222222 0101 050a 00001100 00001110")
		s.Write(1)
		s.ExpectHeader("ACK,PSH", "0101 080a 11111111 22222222 0101 050a 00001100 00001110")
		s.Abort()
		s.ExpectHeader("RST,ACK", "0101 080a 11111111 22222222") // RFC 7323, Section 5.2
	})
	t.Run("others, no timestamps", func(t *testing.T) {
		s := tcptest.New(t, tcptest.Established, tcptest.Setup{Peer: "<WND=10000><SACKOK>", IRS: 0x1000 - 1})
		s.Recv("<SEQ=257><ACK=1><DATA=16><CTL=ACK>")
		s.ExpectHeader("ACK", "0101 050a 00001100 00001110")
	})
}

// The segments that leave are as large as the smallest of what the peer takes, the path carries and the user wants.
//
// "If an MSS Option is not received at connection setup, TCP implementations MUST assume a default send MSS of 536 (576 -
// 40) for IPv4 or 1220 (1280 - 60) for IPv6 (MUST-15)"; "The maximum size of a segment that a TCP endpoint really sends,
// the 'effective send MSS', MUST be the smaller (MUST-16) of the send MSS … and the largest transmission size permitted by
// the IP layer".
//
// req: RFC9293 MUST-15, MUST-16, MUST-67, SHLD-28
func TestMSS(t *testing.T) {
	for _, c := range []struct {
		name   string
		peer   string
		mtu    int
		v6     bool
		clamp  int
		stamps bool
		offer  int // in our SYN
		send   int // payload of our segments
	}{
		{name: "none offered, IPv4", peer: "<WND=65535>", offer: 1460, send: 536},
		{name: "none offered, IPv6", peer: "<WND=65535>", v6: true, offer: 1440, send: 1220},
		{name: "0 counts as none", peer: "<WND=65535><MSS=0>", offer: 1460, send: 536},
		{name: "1 is not believed", peer: "<WND=65535><MSS=1>", offer: 1460, send: 48},
		{name: "48", peer: "<WND=65535><MSS=48>", offer: 1460, send: 48},
		{name: "64", peer: "<WND=65535><MSS=64>", offer: 1460, send: 64},
		{name: "64 with timestamps", peer: "<WND=65535><MSS=64><TS=0,0>", stamps: true, offer: 1460, send: 52},
		{name: "9000 on a path of 1500", peer: "<WND=65535><MSS=9000>", offer: 1460, send: 1460},
		{name: "9000 on a path of 9000", peer: "<WND=65535><MSS=9000>", mtu: 9000, offer: 8960, send: 8960},
		{name: "1460 on a path of 9000", peer: "<WND=65535><MSS=1460>", mtu: 9000, offer: 8960, send: 1460},
		{name: "65495 on the loopback", peer: "<WND=65535><MSS=65495>", mtu: 65535, offer: 65495, send: 65495},
		{name: "65535", peer: "<WND=65535><MSS=65535>", mtu: 65535, offer: 65495, send: 65495},
		{name: "IPv6", peer: "<WND=65535><MSS=1440>", v6: true, offer: 1440, send: 1440},
		{name: "clamped", peer: "<WND=65535><MSS=1460>", clamp: 500, offer: 500, send: 500},
		{name: "with timestamps", peer: "<WND=65535><MSS=1460><TS=0,0>", stamps: true, offer: 1460, send: 1448},
		{name: "tiny path", peer: "<WND=65535><MSS=1460>", mtu: 68, offer: 48, send: 48},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := tcptest.Dial(t, tcptest.Setup{Peer: c.peer, MTU: c.mtu, IPv6: c.v6, Config: tcp.Config{MSS: c.clamp}})
			s.Expect(fmt.Sprintf("<SEQ=0><CTL=SYN><MSS=%d>", c.offer))
			s.Recv("<SEQ=0><ACK=1><CTL=SYN,ACK>")
			s.Expect("<SEQ=1><ACK=1><CTL=ACK>")
			s.Write(2 * c.send)
			s.Expect(fmt.Sprintf("<SEQ=1><DATA=%d><CTL=ACK>", c.send))
			if c.send <= 32767 { // two fit the window
				s.Expect(fmt.Sprintf("<SEQ=%d><DATA=%d><CTL=ACK,PSH>", 1+c.send, c.send))
			}
			s.ExpectNone()
			if got := s.Info().SndCwnd; got != 10*c.send {
				t.Errorf("got an initial window of %d, want %d", got, 10*c.send)
			}
		})
	}
}

// The window field counts in units of the scale that the SYNs agreed on, and never in a SYN.
//
// req: RFC7323 2.2-4, 2.3-1, 2.3-2, 2.3-3, 2.3-4, 2.3-5, 2.3-6, 2.3-7, 2.4-3, RFC9293 MUST-1, REC-1
func TestWindowScale(t *testing.T) {
	for _, c := range []struct {
		name       string
		config     tcp.Config
		peer       string
		sndWnd     int // after a window field of 1000
		synWnd     int
		field      int // in our ACK
		afterwards int // SND.WND of the SYN
	}{
		{"both", tcp.Config{}, "<WND=10000><WS=7>", 128_000, 65535, 1024, 10_000},
		{"peer has 0", tcp.Config{}, "<WND=10000><WS=0>", 1000, 65535, 1024, 10_000},
		{"peer has 14", tcp.Config{}, "<WND=10000><WS=14>", 16_384_000, 65535, 1024, 10_000},
		{"peer has 15", tcp.Config{}, "<WND=10000><WS=15>", 16_384_000, 65535, 1024, 10_000},
		{"peer has 255", tcp.Config{}, "<WND=10000><WS=255>", 16_384_000, 65535, 1024, 10_000},
		{"peer has none", tcp.Config{}, "<WND=10000>", 1000, 65535, 65535, 10_000},
		{"we have none", tcp.Config{NoWindowScale: true}, "<WND=10000><WS=7>", 1000, 65535, 65535, 10_000},
		{"we have 14", tcp.Config{RecvBuffer: 1 << 30}, "<WND=10000><WS=7>", 128_000, 65535, 16, 10_000},
		{"we have 0", tcp.Config{RecvBuffer: 5000}, "<WND=10000><WS=7>", 128_000, 5000, 5000, 10_000},
		{"unsigned", tcp.Config{NoWindowScale: true}, "<WND=65535>", 1000, 65535, 65535, 65535},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := tcptest.Dial(t, tcptest.Setup{Config: c.config, Peer: c.peer})
			s.Expect(fmt.Sprintf("<SEQ=0><WND=%d><CTL=SYN>", c.synWnd))
			s.Recv("<SEQ=0><ACK=1><CTL=SYN,ACK>")
			s.Expect(fmt.Sprintf("<SEQ=1><ACK=1><WND=%d><CTL=ACK>", c.field))
			if got := s.Info().SndWnd; got != c.afterwards {
				t.Errorf("got SND.WND %d of the SYN-ACK, want %d", got, c.afterwards)
			}
			s.Recv("<SEQ=1><ACK=1><WND=1000><CTL=ACK>")
			if got := s.Info().SndWnd; got != c.sndWnd {
				t.Errorf("got SND.WND %d, want %d", got, c.sndWnd)
			}
		})
	}
	t.Run("option later is ignored", func(t *testing.T) {
		// req: RFC7323 2.2-3
		s := tcptest.New(t, tcptest.Established, tcptest.Setup{})
		s.Recv("<SEQ=1><ACK=1><WND=1000><CTL=ACK><WS=7><MSS=9><SACKOK>")
		if i := s.Info(); i.SndWnd != 1000 || i.SndMSS != 1000 || i.Options != "" {
			t.Errorf("taken: %+v", i)
		}
	})
}

// "The receiver MUST honor, as in window, any segment that would have been in window for any <ACK> sent by the receiver.
// When window scaling is in effect, the receiver SHOULD track the actual maximum window sequence number" (RFC 7323,
// Section 2.4): what the scaled field cannot express any more was promised all the same.
//
// req: RFC7323 2.4-2, 2.4-3
func TestOfferedWindowIsHonored(t *testing.T) {
	for _, scale := range []uint8{0, 8, 14} {
		t.Run(fmt.Sprintf("scale %d", scale), func(t *testing.T) {
			cfg := tcp.Config{RecvBuffer: 65535 << scale, InitialRecvBuffer: 60_000}
			s := tcptest.New(t, tcptest.Established, tcptest.Setup{Config: cfg, Peer: "<WND=10000><MSS=1000><WS=0>"})
			edge, at := 0, 1
			for _, n := range []int{100, 1, 333, 1, 1, 1000} { // none a multiple of the scale's unit
				s.Recv(fmt.Sprintf("<SEQ=%d><ACK=1><DATA=%d><CTL=ACK>", at, n))
				at += n
				h := s.TakeHeader()
				edge = max(edge, int(h.Ack)-20_000+int(h.Window)<<scale) // 20,000 is the peer's ISS
			}
			s.Recv(fmt.Sprintf("<SEQ=%d><ACK=1><DATA=100><CTL=ACK>", edge-100))
			s.ExpectDrop(tcp.Accepted)
			s.Ignore()
			for ; at < edge-100; at += min(1000, edge-100-at) {
				s.Recv(fmt.Sprintf("<SEQ=%d><ACK=1><DATA=%d><CTL=ACK>", at, min(1000, edge-100-at)))
			}
			s.Ignore()
			s.Read(edge - 1) // and so all of it was kept
			s.Ignore()
		})
	}
}

// A buffer that begins smaller than the unit of the window would be a window of zero for ever.
func TestSmallInitialBufferLargeScale(t *testing.T) {
	s := tcptest.New(t, tcptest.Established, tcptest.Setup{
		Config: tcp.Config{RecvBuffer: 1 << 30, InitialRecvBuffer: 1000}, Peer: "<WND=10000><WS=7>",
	})
	for at := 1; at < 100_000; at += 1000 {
		s.Recv(fmt.Sprintf("<SEQ=%d><ACK=1><DATA=1000><CTL=ACK>", at))
		s.Read(1000)
	}
	s.Ignore()
	if s.Info().RcvWnd == 0 {
		t.Error("the window stays closed")
	}
}

func iss(t *testing.T, secret siphash.Key, now mono.Time, id tcp.ID) uint32 {
	t.Helper()
	cfg := tcp.Config{}.WithDefaults()
	c := tcp.Dial(&tcp.Env{Pool: buffer.NewPool(0), Secret: secret}, &cfg, now, id, 1500)
	var out tcp.Out
	if !c.Next(now, &out) || out.Header.Flags != wire.SYN {
		t.Fatal("no SYN")
	}
	return out.Header.Seq
}

// "ISN = M + F(localip, localport, remoteip, remoteport, secretkey) where M is the 4 microsecond timer"; "F() MUST NOT be
// computable from the outside (MUST-9)" (RFC 9293, Section 3.4.1). Our timer is finer: 64 ns.
//
// req: RFC9293 MUST-8, MUST-9, SHLD-1
func TestInitialSequenceNumber(t *testing.T) {
	const now = mono.Time(1e12)
	key := siphash.Key{K0: 1, K1: 2}
	local, remote := netip.MustParseAddrPort("192.0.2.1:1000"), netip.MustParseAddrPort("192.0.2.2:2000")
	id := tcp.ID{Local: local, Remote: remote}
	first := iss(t, key, now, id)
	for _, later := range []time.Duration{0, 64, 4 * time.Microsecond, time.Millisecond, time.Hour, 5 * time.Hour} {
		if got, want := iss(t, key, now.Add(later), id)-first, uint32(later/64); got != want {
			t.Errorf("after %v the number has moved by %d, want %d", later, got, want)
		}
	}
	others := map[string]uint32{
		"secret":         iss(t, siphash.Key{K0: 1, K1: 3}, now, id),
		"local port":     iss(t, key, now, tcp.ID{Local: netip.AddrPortFrom(local.Addr(), 1001), Remote: remote}),
		"remote port":    iss(t, key, now, tcp.ID{Local: local, Remote: netip.AddrPortFrom(remote.Addr(), 2001)}),
		"local address":  iss(t, key, now, tcp.ID{Local: netip.MustParseAddrPort("192.0.2.3:1000"), Remote: remote}),
		"remote address": iss(t, key, now, tcp.ID{Local: local, Remote: netip.MustParseAddrPort("192.0.2.4:2000")}),
		"direction":      iss(t, key, now, tcp.ID{Local: remote, Remote: local}),
	}
	seen := map[uint32]string{first: "itself"}
	for name, got := range others {
		if same, ok := seen[got]; ok {
			t.Errorf("another %s has the number of %s", name, same)
		}
		seen[got] = name
	}
}
