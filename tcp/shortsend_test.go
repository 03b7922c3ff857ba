package tcp_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/antedon-net/antedon/internal/buffer"
	"github.com/antedon-net/antedon/internal/tcptest"
	"github.com/antedon-net/antedon/tcp"
)

// On a short path the send buffers of all connections share 32 MiB, of which each newcomer gets what is left but for 64 KiB; on a
// long one they share all memory.
func TestSendBuffersShareShortPaths(t *testing.T) {
	const mib = 1 << 20
	for _, c := range []struct {
		name  string
		rtt   time.Duration
		taken int // by other connections
		want  int // MiB, 0 for the least
	}{
		{"alone", time.Microsecond, 0, 2},
		{"with few", time.Microsecond, 20, 2},
		{"with many", time.Microsecond, 31, 1},
		{"with a crowd", time.Microsecond, 40, 0},
		{"a long path with a crowd", 20 * time.Millisecond, 40, 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := tcptest.Dial(t, tcptest.Setup{Peer: "<WND=60000><MSS=1000><WS=14>", Config: tcp.Config{SendBuffer: 4 * mib}})
			s.Advance(c.rtt)
			s.Recv("<SEQ=0><ACK=1><CTL=SYN,ACK>")
			for at := 1; s.Info().SndCwnd < 2*mib; {
				n := min(s.Info().SndCwnd, s.Conn().Writable())
				s.Write(n)
				s.Advance(c.rtt)
				s.Ignore()
				at += n
				s.Recv(fmt.Sprintf("<SEQ=1><ACK=%d><CTL=ACK>", at))
			}
			for range c.taken * mib / buffer.MaxChunk {
				taken := s.Env().Pool.Get(buffer.MaxChunk)
				defer s.Env().Pool.Release(taken)
			}
			want := c.want * mib
			if c.want == 0 {
				want = 64 << 10
			}
			if got := s.Conn().Writable(); got < want-want/8 || got > want+want/8 {
				t.Errorf("%d bytes writable, want about %d", got, want)
			}
		})
	}
}
