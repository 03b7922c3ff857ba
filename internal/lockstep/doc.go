// Package lockstep plays the same scripts to our TCP and to the kernel's, and compares the answers.
//
// A script is a conversation in the notation of package notation, seen from the peer:
//
//	{"data in order is acknowledged", `
//		passive <WND=65535><MSS=1000><SACKOK>
//		> <SEQ=1><ACK=1><DATA=100><CTL=ACK,PSH>
//		< <SEQ=1><ACK=101><CTL=ACK>
//		read 100
//	`},
//
// Each side has to answer as the script says: ours is a host.Host under virtual time, the kernel's a socket behind a TUN
// in a namespace of internal/netlab. What the lines do not name (the layout of the options, the IP header, echoed
// timestamps, whether the window is closed) has to be the same on both sides. Where they differ on purpose, a line is
// marked with the side it is for and with the reason; so the script fails when either side changes:
//
//	# RFC 1337, Section 3, fix F1: TIME-WAIT is not ended by a RST
//	ours:   < <SEQ=2><ACK=2><CTL=ACK>
//	kernel: < <SEQ=2><WND=0><CTL=RST>
//
// # Steps
//
//	> SEGMENT                   the peer sends; window and options that are not named are those of its SYN
//	< SEGMENT                   the TCP has sent this next, at once; "xN" after it: N of them, one after the other
//	< 200ms SEGMENT             it sends this next, about so long after what went before; "soon": after a few milliseconds
//	sleep 50ms                  time passes; what is sent meanwhile is expected afterwards
//	passive OPTIONS             the peer, whose SYN has these options, connects and is accepted; <CTL=ECE,CWR> asks for ECN
//	active OPTIONS              the TCP connects to the peer; rtt=50ms after either delays the peer's answers
//	listen, accept, connect     their system calls one by one
//	write N, read N, eof        the application writes, reads bytes, reads the end of the stream
//	shutdown, close, abort      it closes for writing, closes, closes with a RST
//	set NAME [VALUE]            it sets a socket option: see ourSocket.set
//	error ECONNRESET            what a read reports
//	readable N, state NAME      what it sees of the connection
//	icmp CODE MTU SEQ           a router has dropped the segment SEQ, for want of a way with code 1, for its size with code 4
//	fill N                      the peer sends segments of N bytes until the window is full, and takes the answers
//	quick N SIZE                the peer sends N segments of SIZE bytes, each of which is acknowledged at once and read
//	ignore                      what was sent so far is of no interest
//	flow N                      the next steps are about another connection, from another port
//	incarnation N               the next connection's sequence numbers begin N further; SEQ=0 is its SYN
//	config NAME=VALUE …         at the beginning: see Script.configure
//
// SEQ, ACK and SACK may be NXT+n, counted from the next number of the peer after what fill and quick have sent, EDGE+n, from the right
// edge of the window offered last, or ZERO, the sequence number 0 itself. <WND=0> is a closed window, <WND=open> any other. Of <TS=val,ecr>
// only the latter is compared in what the TCP sends.
// Lines that begin with # are comments.
//
// Whatever the TCP sends has to be expected before the next step. For that nobody waits: after each step the kernel is sent a
// ping, and what it sends before its answer was sent at once.
//
// # Time
//
// Ours runs in virtual time. The kernel's clock goes on when this process is held up, and then other things happen than the
// script says. Such a run is played again. Delays are compared in classes: never much shorter than expected, longer by
// a generous bound.
//
// # Concurrency
//
// Scripts are played at the same time, each to a kernel in a namespace of its own.
//
// # Conformance
//
// Scripts carry the tags of the requirements they show.
//
// # Limitations
//
// What the kernel's versions do differently is not told apart.
package lockstep
