package lockstep

// loss is about timers and what is sent again.
var loss = []Script{
	// req: RFC6298 2-2, 5-2, 5-5, 5-6, 5-7, RFC9293 MUST-18
	{"RTO: doubling, from 200 ms more than the round trip", `
		passive <WND=65535><MSS=1000> rtt=100ms
		write 1000
		< <SEQ=1><ACK=1><DATA=1000><CTL=ACK,PSH>
		< 300ms <SEQ=1><ACK=1><DATA=1000><CTL=ACK,PSH>
		< 600ms <SEQ=1><ACK=1><DATA=1000><CTL=ACK,PSH>
		< 1200ms <SEQ=1><ACK=1><DATA=1000><CTL=ACK,PSH>
		> <SEQ=1><ACK=1001><CTL=ACK>
	`},
	{"RTO: 200 ms at least", `
		passive <WND=65535><MSS=1000>
		write 1000
		< <SEQ=1><ACK=1><DATA=1000><CTL=ACK,PSH>
		< 200ms <SEQ=1><ACK=1><DATA=1000><CTL=ACK,PSH>
		< 400ms <SEQ=1><ACK=1><DATA=1000><CTL=ACK,PSH>
		> <SEQ=1><ACK=1001><CTL=ACK>
	`},
	// req: RFC8985 7.2-1, 7.2-3, 7.3-5, 7.3-7
	{"TLP: the last segment again after two round trips, then the RTO", `
		passive <WND=65535><MSS=1000><SACKOK><TS=0,0> rtt=100ms
		write 1976
		< <SEQ=1><ACK=1><DATA=988><CTL=ACK>
		< <SEQ=989><ACK=1><DATA=988><CTL=ACK,PSH>
		< 200ms <SEQ=989><ACK=1><DATA=988><CTL=ACK,PSH>
		< 300ms <SEQ=1><ACK=1><DATA=988><CTL=ACK>
		< 600ms <SEQ=1><ACK=1><DATA=988><CTL=ACK>
	`},
	// req: RFC8985 7.3-4
	{"TLP: new data instead, if there is", `
		passive <WND=65535><MSS=1000><SACKOK> rtt=100ms
		write 11000
		< <SEQ=1><ACK=1><DATA=1000><CTL=ACK> x10
		< 200ms <SEQ=10001><ACK=1><DATA=1000><CTL=ACK,PSH>
		sleep 150ms
		> <SEQ=1><ACK=1><CTL=ACK><SACK=10001:11001>
		< <SEQ=1><ACK=1><DATA=1000><CTL=ACK>
	`},
	{"TLP: a single segment waits for a delayed ACK", `
		passive <WND=65535><MSS=1000><SACKOK> rtt=100ms
		write 1000
		< <SEQ=1><ACK=1><DATA=1000><CTL=ACK,PSH>
		< 300ms <SEQ=1><ACK=1><DATA=1000><CTL=ACK,PSH>
		> <SEQ=1><ACK=1001><CTL=ACK>
	`},
	{"TLP: answered, the rest is sent at once", `
		passive <WND=65535><MSS=1000><SACKOK> rtt=100ms
		write 3000
		< <SEQ=1><ACK=1><DATA=1000><CTL=ACK> x2
		< <SEQ=2001><ACK=1><DATA=1000><CTL=ACK,PSH>
		< 200ms <SEQ=2001><ACK=1><DATA=1000><CTL=ACK,PSH>
		sleep 150ms
		> <SEQ=1><ACK=1><CTL=ACK><SACK=2001:3001>
		< <SEQ=1><ACK=1><DATA=1000><CTL=ACK>
	`},
	// req: RFC8985 3.3.2-1, RFC5681 3.2-3
	{"three duplicate ACKs with SACK: fast retransmit", `
		passive <WND=65535><MSS=1000><SACKOK> rtt=100ms
		write 10000
		< <SEQ=1><ACK=1><DATA=1000><CTL=ACK> x9
		< <SEQ=9001><ACK=1><DATA=1000><CTL=ACK,PSH>
		sleep 100ms
		> <SEQ=1><ACK=1><CTL=ACK><SACK=1001:2001>
		> <SEQ=1><ACK=1><CTL=ACK><SACK=1001:3001>
		> <SEQ=1><ACK=1><CTL=ACK><SACK=1001:4001>
		< <SEQ=1><ACK=1><DATA=1000><CTL=ACK>
		> <SEQ=1><ACK=10001><CTL=ACK>
	`},
	{"three duplicate ACKs without SACK: fast retransmit", `
		passive <WND=65535><MSS=1000> rtt=100ms
		write 10000
		< <SEQ=1><ACK=1><DATA=1000><CTL=ACK> x9
		< <SEQ=9001><ACK=1><DATA=1000><CTL=ACK,PSH>
		sleep 100ms
		> <SEQ=1><ACK=1><CTL=ACK>
		> <SEQ=1><ACK=1><CTL=ACK>
		> <SEQ=1><ACK=1><CTL=ACK>
		< <SEQ=1><ACK=1><DATA=1000><CTL=ACK>
		> <SEQ=1><ACK=10001><CTL=ACK>
	`},
	// req: RFC3042 2-1
	{"limited transmit", `
		passive <WND=65535><MSS=1000><SACKOK> rtt=100ms
		write 15000
		< <SEQ=1><ACK=1><DATA=1000><CTL=ACK> x10
		sleep 100ms
		> <SEQ=1><ACK=1><CTL=ACK><SACK=1001:2001>
		< <SEQ=10001><ACK=1><DATA=1000><CTL=ACK>
		> <SEQ=1><ACK=1><CTL=ACK><SACK=1001:3001>
		< <SEQ=11001><ACK=1><DATA=1000><CTL=ACK>
		> <SEQ=1><ACK=1><CTL=ACK><SACK=1001:4001>
		< <SEQ=1><ACK=1><DATA=1000><CTL=ACK>
	`},
	// req: RFC3042 2-3
	{"limited transmit: only if a duplicate ACK tells something new", `
		passive <WND=65535><MSS=1000><SACKOK> rtt=100ms
		write 15000
		< <SEQ=1><ACK=1><DATA=1000><CTL=ACK> x10
		sleep 100ms
		> <SEQ=1><ACK=1><CTL=ACK>
		> <SEQ=1><ACK=1><CTL=ACK><SACK=1001:2001>
		< <SEQ=10001><ACK=1><DATA=1000><CTL=ACK>
		> <SEQ=1><ACK=1><CTL=ACK><SACK=1001:2001>
	`},
	// req: RFC8985 3.3.2-2
	{"one duplicate ACK: RACK waits a quarter of the round trip", `
		passive <WND=65535><MSS=1000><SACKOK> rtt=100ms
		write 3000
		< <SEQ=1><ACK=1><DATA=1000><CTL=ACK> x2
		< <SEQ=2001><ACK=1><DATA=1000><CTL=ACK,PSH>
		sleep 100ms
		> <SEQ=1><ACK=1><CTL=ACK><SACK=1001:2001>
		< 25ms <SEQ=1><ACK=1><DATA=1000><CTL=ACK>
		> <SEQ=1><ACK=3001><CTL=ACK>
	`},
	{"a SACK block far beyond: everything older is lost", `
		passive <WND=65535><MSS=1000><SACKOK> rtt=100ms
		write 10000
		< <SEQ=1><ACK=1><DATA=1000><CTL=ACK> x9
		< <SEQ=9001><ACK=1><DATA=1000><CTL=ACK,PSH>
		sleep 100ms
		> <SEQ=1><ACK=1><CTL=ACK><SACK=6001:9001>
		< <SEQ=1><ACK=1><DATA=1000><CTL=ACK> x3
	`},
	{"after a timeout the rest follows its acknowledgment", `
		passive <WND=65535><MSS=1000> rtt=100ms
		write 4000
		< <SEQ=1><ACK=1><DATA=1000><CTL=ACK> x3
		< <SEQ=3001><ACK=1><DATA=1000><CTL=ACK,PSH>
		< 300ms <SEQ=1><ACK=1><DATA=1000><CTL=ACK>
		sleep 100ms
		> <SEQ=1><ACK=1001><CTL=ACK>
		< <SEQ=1001><ACK=1><DATA=1000><CTL=ACK> x2
		sleep 100ms
		> <SEQ=1><ACK=3001><CTL=ACK>
		< <SEQ=3001><ACK=1><DATA=1000><CTL=ACK,PSH>
		> <SEQ=1><ACK=4001><CTL=ACK>
	`},
	{"what is lost at the end of one window, with more than one hole", `
		passive <WND=65535><MSS=1000><SACKOK> rtt=100ms
		write 10000
		< <SEQ=1><ACK=1><DATA=1000><CTL=ACK> x9
		< <SEQ=9001><ACK=1><DATA=1000><CTL=ACK,PSH>
		sleep 100ms
		> <SEQ=1><ACK=1><CTL=ACK><SACK=6001:9001>
		< <SEQ=1><ACK=1><DATA=1000><CTL=ACK> x3
		sleep 30ms
		> <SEQ=1><ACK=3001><CTL=ACK><SACK=6001:9001>
		< <SEQ=3001><ACK=1><DATA=1000><CTL=ACK> x3
		> <SEQ=1><ACK=10001><CTL=ACK>
	`},
	{"small segments that were sent singly are sent again as one", `
		passive <WND=65535><MSS=1000><SACKOK> rtt=100ms
		set nodelay
		write 500
		< <SEQ=1><ACK=1><DATA=500><CTL=ACK,PSH>
		write 500
		< <SEQ=501><ACK=1><DATA=500><CTL=ACK,PSH>
		# RFC 8985, Section 7.2: "If FlightSize is one segment", the probe waits for a delayed ACK. Ours counts bytes, since two
		# small segments may well be waiting for one; Linux counts packets.
		kernel: < 200ms <SEQ=501><ACK=1><DATA=500><CTL=ACK,PSH>
		< 300ms <SEQ=1><ACK=1><DATA=1000><CTL=ACK,PSH>
		> <SEQ=1><ACK=1001><CTL=ACK>
	`},

	// req: RFC9293 MUST-36, MUST-37, SHLD-29, SHLD-30
	{"zero window: probes at the RTO, doubling, without data", `
		passive <WND=65535><MSS=1000> rtt=100ms
		> <SEQ=1><ACK=1><WND=0><CTL=ACK>
		write 1000
		< 300ms <SEQ=0><ACK=1><CTL=ACK>
		> <SEQ=1><ACK=1><WND=0><CTL=ACK>
		< 600ms <SEQ=0><ACK=1><CTL=ACK>
		> <SEQ=1><ACK=1><WND=0><CTL=ACK>
		< 1200ms <SEQ=0><ACK=1><CTL=ACK>
		> <SEQ=1><ACK=1><WND=1000><CTL=ACK>
		< <SEQ=1><ACK=1><DATA=1000><CTL=ACK,PSH>
	`},
	{"zero window: probes without an answer", `
		passive <WND=65535><MSS=1000> rtt=100ms
		> <SEQ=1><ACK=1><WND=0><CTL=ACK>
		write 1000
		< 300ms <SEQ=0><ACK=1><CTL=ACK>
		< 600ms <SEQ=0><ACK=1><CTL=ACK>
		< 1200ms <SEQ=0><ACK=1><CTL=ACK>
	`},
	{"zero window: closed after data", `
		passive <WND=65535><MSS=500> rtt=100ms
		write 1000
		< <SEQ=1><ACK=1><DATA=500><CTL=ACK>
		< <SEQ=501><ACK=1><DATA=500><CTL=ACK,PSH>
		sleep 100ms
		> <SEQ=1><ACK=1001><WND=0><CTL=ACK>
		write 1000
		< 300ms <SEQ=1000><ACK=1><CTL=ACK>
		> <SEQ=1><ACK=1001><WND=1000><CTL=ACK>
		< <SEQ=1001><ACK=1><DATA=500><CTL=ACK>
		< <SEQ=1501><ACK=1><DATA=500><CTL=ACK,PSH>
	`},
	{"zero window: a FIN waits too", `
		passive <WND=65535><MSS=1000> rtt=100ms
		> <SEQ=1><ACK=1><WND=0><CTL=ACK>
		shutdown
		< 300ms <SEQ=0><ACK=1><CTL=ACK>
		> <SEQ=1><ACK=1><WND=1000><CTL=ACK>
		< <SEQ=1><ACK=1><CTL=FIN,ACK>
	`},
	{"a window too small for a segment", `
		passive <WND=65535><MSS=1000> rtt=100ms
		write 1000
		< <SEQ=1><ACK=1><DATA=1000><CTL=ACK,PSH>
		sleep 100ms
		> <SEQ=1><ACK=1001><WND=500><CTL=ACK>
		write 1000
		# Linux pushes what it forces out.
		ours:   < 300ms <SEQ=1001><ACK=1><DATA=500><CTL=ACK>
		kernel: < 300ms <SEQ=1001><ACK=1><DATA=500><CTL=ACK,PSH>
		> <SEQ=1><ACK=1501><WND=500><CTL=ACK>
		< <SEQ=1501><ACK=1><DATA=500><CTL=ACK,PSH>
	`},
	// req: RFC9293 MUST-21
	{"user timeout", `
		passive <WND=65535><MSS=1000> rtt=100ms
		set usertimeout 800
		write 1000
		< <SEQ=1><ACK=1><DATA=1000><CTL=ACK,PSH>
		< 300ms <SEQ=1><ACK=1><DATA=1000><CTL=ACK,PSH>
		# Linux counts from the first retransmission, and says nothing to the peer.
		ours:   < 500ms <SEQ=1001><ACK=1><CTL=RST,ACK>
		kernel: < 600ms <SEQ=1><ACK=1><DATA=1000><CTL=ACK,PSH>
		kernel: sleep 400ms
		state CLOSED
		error ETIMEDOUT
	`},
	{"a SYN-ACK is given up", `
		config tcp_synack_retries=1 synackretries=1
		listen
		> <SEQ=0><WND=1000><CTL=SYN><MSS=1000>
		< <SEQ=0><ACK=1><CTL=SYN,ACK>
		< 1s <SEQ=0><ACK=1><CTL=SYN,ACK>
		sleep 2500ms
		> <SEQ=1><ACK=1><CTL=ACK>
		< <SEQ=1><WND=0><CTL=RST>
	`},
	// req: RFC9293 MUST-20
	{"data is given up", `
		config tcp_retries2=2 dataretries=2
		passive <WND=65535><MSS=1000> rtt=100ms
		write 1000
		< <SEQ=1><ACK=1><DATA=1000><CTL=ACK,PSH>
		< 300ms <SEQ=1><ACK=1><DATA=1000><CTL=ACK,PSH>
		< 600ms <SEQ=1><ACK=1><DATA=1000><CTL=ACK,PSH>
		# Linux says nothing to a peer that does not answer.
		ours:   < 1200ms <SEQ=1001><ACK=1><CTL=RST,ACK>
		kernel: sleep 1500ms
		state CLOSED
		error ETIMEDOUT
	`},
	// req: RFC9293 MUST-22
	{"a SYN is given up", `
		config synretries=5 syncnt=2
		connect
		< <SEQ=0><CTL=SYN>
		< 1s <SEQ=0><CTL=SYN> x5
		sleep 2500ms
		state CLOSED
		error ETIMEDOUT
	`},
}
