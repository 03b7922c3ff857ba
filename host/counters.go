package host

import (
	"iter"

	"github.com/antedon-net/antedon/tcp"
)

// Traffic counts packets and their bytes. A super-packet counts as one.
type Traffic struct{ Packets, Bytes uint64 }

func (t *Traffic) add(bytes int) {
	t.Packets++
	t.Bytes += uint64(bytes)
}

// Counters say what a host has seen. They only grow.
type Counters struct {
	In, Out, Self Traffic // Self: what the host sent to itself, not in In and Out

	Drops    [NumDrops]uint64     // by Drop
	TCPDrops [tcp.NumDrops]uint64 // by tcp.Drop: segments that reached a connection

	ConnsOpened, ConnsAccepted, ConnsClosed uint64

	TimeWaitsCut uint64 // connections forgotten before their time in TIME-WAIT was over

	CookiesSent     uint64 // SYN-ACKs of which nothing was remembered
	CookiesAccepted uint64 // and connections that came of them
	CookiesRefused  uint64 // ACKs without a valid cookie, from listeners that had sent some

	FastOpensIn      uint64 // connections opened with text from the SYN
	FastOpensOut     uint64 // and those whose server took ours
	FastOpensRefused uint64 // attempts to avoid for a while

	Fragments, Reassembled uint64 // fragments that arrived; datagrams they made

	Echoes              uint64 // echo requests answered
	ICMPErrorsIn        uint64 // errors that reached a connection or socket
	ICMPErrorsOut       uint64
	ResetsOut           uint64 // RSTs for segments without a connection
	RouterSolicitations uint64 // from a neighbour that takes us for a router
	GroupReports        uint64 // IGMP and MLD, which a host that forwards nothing has no use for
	NeighborsAnswered   uint64
}

// All yields the name and value of every counter that is not 0, the drops last.
func (c *Counters) All() iter.Seq2[string, uint64] {
	return func(yield func(string, uint64) bool) {
		for _, v := range [...]struct {
			name  string
			value uint64
		}{
			{"packets in", c.In.Packets}, {"bytes in", c.In.Bytes},
			{"packets out", c.Out.Packets}, {"bytes out", c.Out.Bytes},
			{"packets to self", c.Self.Packets}, {"bytes to self", c.Self.Bytes},
			{"connections opened", c.ConnsOpened},
			{"connections accepted", c.ConnsAccepted},
			{"connections closed", c.ConnsClosed},
			{"TIME-WAITs cut short", c.TimeWaitsCut},
			{"SYN cookies sent", c.CookiesSent},
			{"SYN cookies accepted", c.CookiesAccepted}, {"SYN cookies refused", c.CookiesRefused},
			{"Fast Opens in", c.FastOpensIn}, {"Fast Opens out", c.FastOpensOut},
			{"Fast Opens refused", c.FastOpensRefused},
			{"fragments in", c.Fragments}, {"datagrams reassembled", c.Reassembled},
			{"echo requests answered", c.Echoes},
			{"ICMP errors in", c.ICMPErrorsIn}, {"ICMP errors out", c.ICMPErrorsOut},
			{"resets out", c.ResetsOut},
			{"router solicitations in", c.RouterSolicitations},
			{"group membership reports in", c.GroupReports},
			{"neighbour solicitations answered", c.NeighborsAnswered},
		} {
			if v.value != 0 && !yield(v.name, v.value) {
				return
			}
		}
		c.Dropped()(yield)
	}
}

// Dropped yields the name and number of every kind of drop that happened.
func (c *Counters) Dropped() iter.Seq2[string, uint64] {
	return func(yield func(string, uint64) bool) {
		for d, n := range c.Drops {
			if n != 0 && !yield(Drop(d).String(), n) {
				return
			}
		}
		for d, n := range c.TCPDrops {
			if n != 0 && tcp.Drop(d) != tcp.Accepted && !yield(tcp.Drop(d).String(), n) {
				return
			}
		}
	}
}

// drop counts d unless it is accepted.
func (c *Counters) drop(d Drop) {
	if d != accepted {
		c.Drops[d]++
	}
}
