package simnet

import (
	"syscall"
	"testing"
	"time"

	"github.com/antedon-net/antedon/link/impair"
	"github.com/antedon-net/antedon/tcp"
)

// TestDeadPath ends the path for good while a connection is in various situations. Whoever waits for an answer gives up
// with ETIMEDOUT, after exactly as many tries as allowed and in bounded time.
func TestDeadPath(t *testing.T) {
	const tries = 5
	settings := tcp.Config{
		SYNRetries: tries, SYNACKRetries: tries, DataRetries: tries, OrphanRetries: tries,
		RecvBuffer: 10_000, MaxRTO: 10 * time.Second,
	}
	read := Script{WriteMax: 1, ReadMax: 1 << 16}
	write := Script{Bytes: 1 << 30, WriteMax: 1 << 16, ReadMax: 1 << 16}
	for _, c := range []struct {
		name              string
		dies              time.Duration
		dialler, listener Script
		err               error
		retries           int // RTO-driven repetitions of the same segment, by the dialler
	}{
		{"before the SYN", 1, write, read, syscall.ETIMEDOUT, tries},
		{"while sending", time.Second, write, read, syscall.ETIMEDOUT, tries},
		{"while the window is closed", 5 * time.Second, write, with(read, func(s *Script) {
			s.StallFor = time.Hour
		}), syscall.ETIMEDOUT, 0},
		{"while both send", time.Second, write, write, syscall.ETIMEDOUT, tries},
		{"before the FIN", 3 * time.Second, with(read, func(s *Script) {
			s.Bytes, s.IdleFor, s.WriteMax = 1000, 5*time.Second, 1000
		}), with(read, func(s *Script) { s.After = 2000 }), syscall.ETIMEDOUT, tries},
		{"while idle, with keep-alive", time.Second, with(read, func(s *Script) {
			s.Bytes, s.After, s.KeepAlive = 1, 1, true
		}), with(read, func(s *Script) { s.Bytes, s.After = 1, 1 }), syscall.ETIMEDOUT, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			plan := impair.Plan{Delay: 20 * time.Millisecond, Rate: 10_000_000}
			talk := Talk{From: 0, To: 1, Port: servicePort, Dialler: c.dialler, Listener: c.listener}
			s := pair(Plain, plan, talk)
			for i := range s.Hosts {
				s.Hosts[i].TCP = settings
				s.Paths[i].DieAt = c.dies
			}
			n := s.Build()
			runFor(t, n, c.dies)
			e := n.talks[0].ends[0]
			var before tcp.Info
			if e != nil {
				before = e.conn.Info(n.now)
			}
			runFor(t, n, 10*time.Minute)
			e = n.talks[0].ends[0]
			if got := e.conn.Err(); e.conn.State() != tcp.StateClosed || got != c.err {
				t.Errorf("in %v after 10 minutes, with error %v, want %v", e.conn.State(), got, c.err)
			}
			if got := int(e.conn.Info(n.now).Timeouts-before.Timeouts) - 1; c.retries > 0 && got != c.retries {
				t.Errorf("%d retries, want %d", got, c.retries)
			}
			if err := n.Finish(); err != nil {
				t.Error(err)
			}
		})
	}
}

func with(s Script, change func(*Script)) Script {
	change(&s)
	return s
}
