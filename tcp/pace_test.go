package tcp_test

import (
	"testing"
	"time"

	"github.com/antedon-net/antedon/internal/tcptest"
	"github.com/antedon-net/antedon/tcp"
)

// With pacing, a window leaves over the round trip, in deadlines; a late driver loses no rate.
func TestPacing(t *testing.T) {
	start := func(t *testing.T) *tcptest.Script {
		s := tcptest.New(t, tcptest.SynSent, tcptest.Setup{
			Peer: "<WND=60000><MSS=1000>", Config: tcp.Config{Pacing: true, InitialWindow: 20},
		})
		s.Advance(100 * time.Millisecond)
		s.Recv("<SEQ=0><ACK=1><CTL=SYN,ACK>")
		s.Expect("<SEQ=1><ACK=1><CTL=ACK>")
		return s
	}
	t.Run("spread", func(t *testing.T) {
		s := start(t)
		begin := s.Now()
		s.Write(60_000)
		sent := 0
		for range 1000 {
			n, bytes := s.Sent()
			if n > 2 {
				t.Fatalf("%d segments at once", n)
			}
			s.Ignore()
			if sent += bytes; sent >= 20_000 {
				break
			}
			s.Advance(s.Conn().Deadline().Sub(s.Now()))
		}
		// Slow start: twice the window per round trip.
		if d := s.Now().Sub(begin); sent != 20_000 || d < 40*time.Millisecond || d > 50*time.Millisecond {
			t.Errorf("%d bytes in %v", sent, d)
		}
		if got := s.Info().PacingRate; got != 400_000 {
			t.Errorf("%d bytes a second", got)
		}
	})
	t.Run("late", func(t *testing.T) {
		s := start(t)
		s.Write(60_000)
		s.Ignore()
		s.Advance(5*time.Millisecond + 2*time.Millisecond) // two segments every 5 ms
		s.Ignore()
		s.Advance(3 * time.Millisecond)
		if n, _ := s.Sent(); n != 2 {
			t.Errorf("%d segments, where 10 ms have room for six", n+4)
		}
		s.Ignore()
	})
}

// Info tells the delivery rate of what the path carries, and not the pauses of the application.
func TestDeliveryRate(t *testing.T) {
	s := tenInFlight(t, sackOK)
	for n := 1; n <= 10; n++ { // a link of 1000 bytes a millisecond
		s.Recv(ack(n))
		s.Ignore()
		s.Advance(time.Millisecond)
	}
	s.Advance(90 * time.Millisecond)
	for n := 11; n <= 25; n++ {
		s.Recv(ack(n))
		s.Ignore()
		s.Advance(time.Millisecond)
	}
	if i := s.Info(); i.DeliveryRate < 90_000 || i.DeliveryRate > 250_000 || i.Delivered != 25_000 {
		t.Errorf("%d bytes a second, %d delivered", i.DeliveryRate, i.Delivered)
	}
}
