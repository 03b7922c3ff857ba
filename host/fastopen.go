package host

import (
	"net/netip"
	"syscall"
	"time"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/tcp"
)

// addrPair names a path: cookies of Fast Open belong to the addresses of both ends, whatever the ports.
type addrPair struct{ local, remote netip.Addr }

// fastOpens is what the host has learned of servers that may understand Fast Open (RFC 7413), as their client. It is bounded,
// and the oldest goes first.
type fastOpens struct {
	known   recent[addrPair, tcp.FastOpen]
	avoided recent[netip.AddrPort, avoidance]
}

// avoidance says how long Fast Open is not tried with a server, because it went wrong so many times in a row.
type avoidance struct {
	until mono.Time
	times uint8
}

func (f *fastOpens) init(limit int) { f.known.limit, f.avoided.limit = limit, limit }

// fastDial says how far the host is with what a connection teaches about Fast Open.
type fastDial uint8

const (
	fastNothing fastDial = iota
	fastTrying           // the handshake is not over
	fastTaken            // the server took text from the SYN: what follows may still be swallowed
)

// lookup returns what is known of a server, and false if Fast Open is not to be tried with it.
func (f *fastOpens) lookup(now mono.Time, local netip.Addr, remote netip.AddrPort) (tcp.FastOpen, bool) {
	if a, ok := f.avoided.lookup(remote); ok && now < a.until {
		return tcp.FastOpen{}, false
	}
	k, _ := f.known.lookup(addrPair{local, remote.Addr()})
	return k, true
}

// avoid keeps Fast Open from being tried with a server: for a minute, and twice as long each time it goes wrong again.
//
// RFC 7413, Section 4.1.3.1: "For any negative responses, the client SHOULD disable Fast Open on the specific path (the
// source and destination IP addresses and ports) at least temporarily."
//
// req: RFC7413 4.1.3.1-1, 4.1.3.1-2, 4.2.1-3
func (f *fastOpens) avoid(now mono.Time, remote netip.AddrPort) {
	a, _ := f.avoided.lookup(remote)
	a.until = now.Add(time.Minute << a.times)
	a.times = min(a.times+1, 10) // 17 hours
	f.avoided.set(remote, a)
}

// learnFastOpen takes what a handshake has taught.
//
// req: RFC7413 4.1.3-1
func (h *Host) learnFastOpen(c *Conn) {
	id := c.ID()
	known, result := c.FastOpenState()
	c.fast = fastNothing
	switch result {
	case tcp.FastOpenTaken:
		c.fast = fastTaken
		h.count.FastOpensOut++
		fallthrough
	case tcp.FastOpenCookie:
		h.fast.known.set(addrPair{id.Local.Addr(), id.Remote.Addr()}, known)
		h.fast.avoided.set(id.Remote, avoidance{})
	case tcp.FastOpenRefused:
		h.count.FastOpensRefused++
		h.fast.avoid(h.now, id.Remote)
	}
}

// checkBlackHole looks back at a connection that ended. Some middleboxes let a SYN with text pass and swallow, or reset,
// what follows.
func (h *Host) checkBlackHole(c *Conn) {
	if c.fast != fastTaken {
		return
	}
	switch c.Err() {
	case syscall.ETIMEDOUT:
	case syscall.ECONNRESET:
		if c.Info(h.now).BytesRecv > 0 {
			return
		}
	default:
		return
	}
	h.count.FastOpensRefused++
	h.fast.avoid(h.now, c.ID().Remote)
}

// fastQueue bounds a listener's connections that were handed out, or may be, before their handshake is over
// (PendingFastOpenRequests). It counts those that were reset for a while longer: RFC 7413, Section 5.1, "The reset (RST)
// packets from the spoofed host will fuel rather than defeat the SYN floods".
type fastQueue struct {
	limit   int
	pending int
	resets  fifo[mono.Time] // when each stops counting
}

// resetCounts is how long a connection that was reset counts, as in Linux.
const resetCounts = time.Minute

// hasRoom reports whether another SYN may open a connection with its text.
//
// req: RFC7413 4.2-3
func (q *fastQueue) hasRoom(now mono.Time) bool {
	for q.resets.len() > 0 && *q.resets.front() <= now {
		q.resets.pop()
	}
	return q.pending+q.resets.len() < q.limit
}

// openEarly puts a connection into the accept queue whose handshake is not over.
func (l *Listener) openEarly(c *Conn) {
	c.young = &youth{listener: l, early: l}
	l.fast.pending++
	l.host.count.FastOpensIn++
	l.enqueue(c)
}

// endEarly notes that the handshake of a connection that was opened early is over.
func (c *Conn) endEarly() {
	q := &c.young.early.fast
	q.pending--
	if c.State() == tcp.StateClosed && c.Err() == syscall.ECONNRESET {
		q.resets.push(c.host.now.Add(resetCounts))
	}
	if c.young.early = nil; c.young.listener == nil {
		c.young = nil
	}
}

// settleFastOpen does what has to be done when a handshake with Fast Open is over.
func (h *Host) settleFastOpen(c *Conn) {
	if c.fast == fastTrying && c.State() != tcp.StateSynSent {
		h.learnFastOpen(c)
	}
	if c.young != nil && c.young.early != nil && c.State() != tcp.StateSynReceived {
		c.endEarly()
	}
}
