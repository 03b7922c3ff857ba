// Package stateless opens TCP connections and keeps nothing of them: the load generator of "antedon load", as a pure state
// machine. However many connections there are, its memory is what New has taken.
//
//	e, err := stateless.New(stateless.Config{Mode: stateless.Hold, Target: server, From: prefix, Conns: 200000, Rate: 20000, Key: key})
//	e.Recv(now, packet, checked)    // a packet came
//	for p := e.Next(now, buf); len(p) > 0; p = e.Next(now, buf) {
//		send(p)
//	}
//	e.Deadline()                    // when Next has more to say without a packet
//	for _, s := range e.Samples() { // what took how long
//	}
//
// How it remembers: it has the peer do so. Connection number i has a source address and port that follow from i. Its initial
// sequence number is, as RFC 9293, Section 3.4.1 has it, ISN = M + F(addresses, ports, secret), where M is the time of the SYN in
// microseconds. That time also stands in the timestamps of every segment we send, above two bits that say how far the connection has
// come, and only grow. The peer echoes both in what it sends, and so each segment brings along what is needed to prove that it
// belongs to a connection of ours, to tell its age, and to answer it.
//
// Zero-window probes are the clock of the slow reader: it takes what fits its window, closes the window, and opens it when the
// peer asks again.
//
// Concurrency: none. An Engine belongs to whoever holds it.
//
// Conformance: RFC 9293 and RFC 7323 as far as the peer can tell, with what is left out below.
//
// Limitations: nothing is retransmitted, for nobody remembers it; the request rides on the acknowledgment of the SYN-ACK, and
// so the peer's retransmitting that brings it again. What is lost on the way to us counts as read. A peer without timestamps gets its
// connections reset as soon as they are open. There are no window scaling, SACK, or ICMP. A SYN-ACK that comes a
// second after its SYN, or later, is taken for a repetition of one that was counted; other segments that are repeated count twice.
package stateless
