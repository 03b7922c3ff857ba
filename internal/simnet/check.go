package simnet

import (
	"errors"
	"slices"
	"syscall"

	"github.com/antedon-net/antedon/internal/buffer"
	"github.com/antedon-net/antedon/internal/mono"
)

// mayEnd are the errors that a connection may end with whose ends do not both leave in order.
var mayEnd = []error{
	syscall.ECONNABORTED, syscall.ECONNRESET, syscall.EPIPE, syscall.ETIMEDOUT, syscall.ECONNREFUSED,
}

// check looks at a conversation that is over.
func (k *talk) check() {
	for side, e := range k.ends {
		if e == nil {
			continue
		}
		switch err := e.app.err; {
		case k.Refused:
			if !errors.Is(err, syscall.ECONNREFUSED) && !k.net.doomed {
				k.net.fail("%v should have been refused: %v", e, err)
			}
		case k.net.doomed:
			if err != nil && !slices.Contains(mayEnd, err) {
				k.net.fail("%v ends with %v", e, err)
			}
			if k.orderly() && !k.cutOff && err != nil && err != syscall.ETIMEDOUT {
				k.net.fail("%v ends with %v", e, err)
			}
		case k.orderly():
			if err != nil {
				k.net.fail("%v ends with %v after %d bytes in, %d out", e, err, e.app.in.read, e.app.out.written)
			}
			if want := k.script(1 - side).Bytes; e.app.in.read != want || !e.app.in.eof {
				k.net.fail("%v has read %d bytes of %d, EOF %v", e, e.app.in.read, want, e.app.in.eof)
			}
		default:
			if err != nil && !slices.Contains(mayEnd, err) {
				k.net.fail("%v ends with %v", e, err)
			}
		}
	}
}

// Finish lets everything come to its end and checks that nothing is left. A connection whose peer was cut off may not
// have learnt of it, if it has nothing to send: it is aborted when nothing else is left to happen.
func (n *Net) Finish() error {
	for {
		if err := n.Run(mono.Never); err != nil {
			return err
		}
		if !n.wakeQuiet() {
			break
		}
	}
	for _, k := range n.talks {
		if !k.over {
			n.fail("%v>%v: nothing is under way and the conversation is not over: %s", k.nodes[0], k.nodes[1], k.state())
		}
	}
	for _, nd := range n.nodes {
		nd.checkEnd()
	}
	return n.failure
}

// wakeQuiet aborts the ends that wait for a peer that is gone, and reports whether there were any.
func (n *Net) wakeQuiet() bool {
	found := false
	for _, k := range n.talks {
		if k.orderly() && !n.doomed {
			continue
		}
		for side, e := range k.ends {
			peer := k.ends[1-side]
			if e == nil || e.app.closed || peer != nil && !peer.app.over && !n.doomed {
				continue
			}
			found = true
			k.cutOff = true
			e.app.Exit, e.app.ExitAt = ExitAbort, 0
			e.app.act()
			e.node.drain()
		}
	}
	return found
}

// state describes a conversation that does not end.
func (k *talk) state() (s string) {
	for _, e := range k.ends {
		if e == nil {
			s += "; no connection"
			continue
		}
		s += "; " + e.conn.State().String()
	}
	return s
}

// checkEnd checks that a node has nothing left to do and holds nothing.
func (nd *Node) checkEnd() {
	switch {
	case !nd.host.Idle():
		for c := range nd.host.Conns() {
			nd.net.fail("%v has a connection left: %v in %v, deadline %v, user %v", nd, c.ID(), c.State(), c.Deadline(), c.User)
		}
		nd.net.fail("%v is not idle", nd)
	case nd.host.Deadline() != mono.Never:
		nd.net.fail("%v is idle and has a deadline", nd)
	case nd.pool.Used() != 0:
		nd.net.fail("%v: %d bytes of chunks are still in use", nd, nd.pool.Used())
	}
}

// checkMemory checks that a node's memory is within its bounds. They are looked at only when it is much.
func (nd *Node) checkMemory() {
	used := nd.pool.Used()
	if used < 1<<20 {
		return
	}
	if bound := nd.memoryBound(); used > bound {
		nd.net.fail("%v uses %d bytes of at most %d", nd, used, bound)
	}
}

// memoryBound is what a node may use at most.
func (nd *Node) memoryBound() int {
	const chunk = buffer.MaxChunk
	cfg := nd.host.Config()
	bound := (nd.nic.Room+4)*chunk + 2*cfg.Limits.Queue
	for c := range nd.host.Conns() {
		size := c.Info(nd.net.now).RcvSpace
		bound += 2*size + 64<<10                  // out of order, true size
		bound += 2*(size+size/4+64<<10) + 2*chunk // in order, in chunks half full at least
		bound += 2*cfg.TCP.SendBuffer + 2*chunk
	}
	return bound
}
