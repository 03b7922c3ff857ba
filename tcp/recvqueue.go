package tcp

import (
	"time"

	"github.com/antedon-net/antedon/internal/mono"
)

// RecvQueue is what a device keeps for us until we read, and who shares that.
//
// A device without offload keeps few packets, a TUN device 500. A sender close by fills its window much faster than anybody
// reads, and what there is no room for is lost: most of a window, round after round. So the windows of all connections that
// are receiving together stay below what the device keeps, as long as the path is so short that a window may come at once.
// See docs/decisions/0018-windows-that-fit-the-queue.md.
type RecvQueue struct {
	// Packets is how many the device keeps.
	Packets int

	turn         uint8 // the number of this turn, never 0 once there was one
	since        mono.Time
	some, before int // connections that have received something in this turn, and in the one before
}

const (
	// queueTurn is for how long a connection that received something counts as receiving.
	queueTurn = 50 * time.Millisecond

	// queueRTT is the round trip from which on a window does not come at once: one of twice the length allows for a
	// window of twice the size.
	queueRTT = 2 * time.Millisecond

	// minQueueShare is how many segments a window may have room for, however many connections share the queue. Fewer
	// would not bring the duplicate acknowledgments by which the sender learns that one was lost.
	minQueueShare = 4
)

// note counts the connection that last received something in turn *last. One that has been silent for exactly 255 turns, or
// a multiple, is missed.
func (q *RecvQueue) note(now mono.Time, last *uint8) {
	if elapsed := now.Sub(q.since); elapsed >= queueTurn || q.turn == 0 {
		if q.before = q.some; elapsed >= 2*queueTurn {
			q.before = 0
		}
		q.some, q.since = 0, now
		q.turn = max(q.turn+1, 1)
	}
	if *last != q.turn {
		*last = q.turn
		q.some++
	}
}

// share is how many packets may be on their way to one of those who receive: three quarters of what the device keeps,
// divided among them.
func (q *RecvQueue) share() int {
	return max(q.Packets*3/4/max(q.some, q.before, 1), minQueueShare)
}

// fitToQueue cuts a window to what the device has room for.
func (c *Conn) fitToQueue(wnd int) int {
	if c.env.RecvQueue == nil {
		return wnd
	}
	room := c.env.RecvQueue.share() * c.rcv.mss
	if c.rtt.min <= queueRTT {
		return min(wnd, room)
	}
	return min(wnd, int(float64(room)*float64(c.rtt.min)/float64(queueRTT)))
}
