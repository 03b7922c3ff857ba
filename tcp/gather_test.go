package tcp_test

import (
	"testing"
	"time"

	"github.com/antedon-net/antedon/internal/tcptest"
	"github.com/antedon-net/antedon/tcp"
)

// A rest that does not fill a super-segment gathers company while two super-segments are in flight on a short path. It
// leaves with the next write, with an acknowledgment, or with the FIN.
func TestGather(t *testing.T) {
	const super = 4000
	setup := tcptest.Setup{MaxSuper: super, Config: tcp.Config{NoDelay: true, InitialWindow: 40}}
	start := func(t *testing.T, rtt time.Duration) *tcptest.Script {
		s := tcptest.New(t, tcptest.Established, setup)
		s.Write(1)
		s.Expect("<SEQ=1><DATA=1><CTL=ACK,PSH>")
		s.Advance(rtt)
		s.Recv("<SEQ=1><ACK=2><CTL=ACK>")
		s.Write(super)
		s.Expect("<SEQ=2><DATA=4000><GSO=1000><CTL=ACK,PSH>")
		s.Write(super)
		s.Expect("<SEQ=4002><DATA=4000><GSO=1000><CTL=ACK,PSH>")
		s.Write(100)
		return s
	}
	t.Run("next write", func(t *testing.T) {
		s := start(t, 100*time.Microsecond)
		s.ExpectNone()
		s.Recv("<SEQ=1><ACK=2><WND=65535><CTL=ACK>")
		s.ExpectNone()
		s.Write(super)
		s.Expect("<SEQ=8002><DATA=4000><GSO=1000><CTL=ACK,PSH>")
	})
	t.Run("acknowledgment", func(t *testing.T) {
		s := start(t, 100*time.Microsecond)
		s.ExpectNone()
		s.Recv("<SEQ=1><ACK=4002><CTL=ACK>")
		s.ExpectOnly("<SEQ=8002><DATA=100><CTL=ACK,PSH>")
	})
	t.Run("FIN", func(t *testing.T) {
		s := start(t, 100*time.Microsecond)
		s.ExpectNone()
		s.CloseWrite()
		s.ExpectOnly("<SEQ=8002><DATA=100><CTL=ACK,PSH,FIN>")
	})
	t.Run("not on a longer path", func(t *testing.T) {
		s := start(t, 20*time.Millisecond)
		s.ExpectOnly("<SEQ=8002><DATA=100><CTL=ACK,PSH>")
	})
}
