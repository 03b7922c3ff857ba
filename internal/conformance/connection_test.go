package conformance_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/antedon-net/antedon/internal/span"
	"github.com/antedon-net/antedon/internal/tcptest"
	"github.com/antedon-net/antedon/tcp"
	"github.com/antedon-net/antedon/wire"
)

// This file proves requirements of one connection, under virtual time.

// RFC 7323, Section 3.2: "When the ACK bit is not set, the receiver MUST ignore the value of the TSecr field."
//
// req: RFC7323 3.2-3
func TestEchoWithoutACK(t *testing.T) {
	s := tcptest.New(t, tcptest.SynSent, tcptest.Setup{Peer: "<WND=10000><MSS=1000><TS=0,0>"})
	s.Advance(500 * time.Millisecond)
	s.Recv("<SEQ=0><CTL=SYN><TS=0,499>")
	s.Expect("<SEQ=0><ACK=1><CTL=SYN,ACK>")
	if got := s.Info().RTT; got != 0 {
		t.Errorf("a SYN without ACK was taken for a measurement: RTT %v", got)
	}
}

// RFC 2018, Section 8: "The first SACK block MUST reflect the newest segment"; "Except for the newest segment, all SACK
// blocks MUST NOT report any old data which is no longer actually held by the receiver." Blocks are compared with what
// was sent: they may be less, never more.
//
// req: RFC2018 8-1, 8-2
func TestSACKTellsTheTruth(t *testing.T) {
	const irs = 1 << 20
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		s := tcptest.New(t, tcptest.Established, tcptest.Setup{
			IRS: irs, Peer: "<WND=10000><MSS=1000><SACKOK>", Config: tcp.Config{RecvBuffer: 20_000},
		})
		var arrived span.Set
		for range 40 {
			from, n := 2+rnd.IntN(19_000), 1+rnd.IntN(900) // byte 1 never comes
			s.Recv(fmt.Sprintf("<SEQ=%d><ACK=1><DATA=%d><CTL=ACK>", from, n))
			arrived.Add(uint64(from), uint64(from+n))
			h := s.TakeHeader()
			o := &h.Options
			if o.NSACK == 0 {
				t.Fatal("an acknowledgment of data out of order has no SACK block")
			}
			for i := range o.SACK[:o.NSACK] {
				b := &o.SACK[i]
				b.Left, b.Right = b.Left-irs, b.Right-irs
				lo, hi := uint64(b.Left), uint64(b.Right)
				if r, ok := arrived.Containing(lo); !ok || r.Hi < hi {
					t.Fatalf("block %d to %d: not all of it ever arrived", lo, hi)
				}
			}
			checkNewest(t, o, uint64(from), uint64(from+n))
		}
		s.Close()
		s.Ignore()
	}
}

// checkNewest fails unless one of the first two blocks holds [lo, hi), as much of it as fits the window of 20,000: the
// first may be a duplicate reported by RFC 2883.
func checkNewest(t *testing.T, o *wire.TCPOptions, lo, hi uint64) {
	t.Helper()
	hi = min(hi, 20_001)
	for _, b := range o.SACK[:min(o.NSACK, 2)] {
		if uint64(b.Left) <= lo && hi <= uint64(b.Right) {
			return
		}
	}
	t.Fatalf("blocks %v: neither the first nor, after a duplicate, the second holds %d to %d", o.SACK[:o.NSACK], lo, hi)
}
