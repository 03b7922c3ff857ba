package lockstep

// sending is about what leaves when nothing is lost.
var sending = []Script{
	{"the initial window", `
		passive <WND=65535><MSS=1000><SACKOK> rtt=100ms
		write 20000
		< <SEQ=1><ACK=1><DATA=1000><CTL=ACK> x10
		> <SEQ=1><ACK=2001><CTL=ACK>
		< <SEQ=10001><ACK=1><DATA=1000><CTL=ACK> x4
		> <SEQ=1><ACK=3001><CTL=ACK>
		< <SEQ=14001><ACK=1><DATA=1000><CTL=ACK> x2
	`},
	{"the initial window after an active open", `
		active <WND=65535><MSS=1000><SACKOK> rtt=100ms
		write 20000
		< <SEQ=1><ACK=1><DATA=1000><CTL=ACK> x10
		> <SEQ=1><ACK=2001><CTL=ACK>
		< <SEQ=10001><ACK=1><DATA=1000><CTL=ACK> x4
	`},
	// req: RFC5681 3.1-1
	{"the window grows only when it was used", `
		passive <WND=65535><MSS=1000><SACKOK> rtt=100ms
		write 3000
		< <SEQ=1><ACK=1><DATA=1000><CTL=ACK> x2
		< <SEQ=2001><ACK=1><DATA=1000><CTL=ACK,PSH>
		sleep 100ms
		> <SEQ=1><ACK=3001><CTL=ACK>
		write 3000
		< <SEQ=3001><ACK=1><DATA=1000><CTL=ACK> x2
		< <SEQ=5001><ACK=1><DATA=1000><CTL=ACK,PSH>
		sleep 100ms
		> <SEQ=1><ACK=6001><CTL=ACK>
		write 20000
		< <SEQ=6001><ACK=1><DATA=1000><CTL=ACK> x10
	`},
	// req: RFC5681 4.1-1
	{"after a pause it is the initial window again", `
		passive <WND=65535><MSS=1000><SACKOK> rtt=100ms
		write 15000
		< <SEQ=1><ACK=1><DATA=1000><CTL=ACK> x10
		sleep 100ms
		> <SEQ=1><ACK=10001><CTL=ACK>
		< <SEQ=10001><ACK=1><DATA=1000><CTL=ACK> x4
		< <SEQ=14001><ACK=1><DATA=1000><CTL=ACK,PSH>
		sleep 100ms
		> <SEQ=1><ACK=15001><CTL=ACK>
		sleep 1500ms
		write 20000
		< <SEQ=15001><ACK=1><DATA=1000><CTL=ACK> x10
	`},
	{"PSH ends each write", `
		passive <WND=65535><MSS=1000> rtt=100ms
		set nodelay
		write 1000
		< <SEQ=1><ACK=1><DATA=1000><CTL=ACK,PSH>
		write 2500
		< <SEQ=1001><ACK=1><DATA=1000><CTL=ACK> x2
		< <SEQ=3001><ACK=1><DATA=500><CTL=ACK,PSH>
		write 1
		< <SEQ=3501><ACK=1><DATA=1><CTL=ACK,PSH>
	`},
	// req: RFC9293 SHLD-7
	{"Nagle: a small segment waits for the acknowledgment of another", `
		passive <WND=65535><MSS=1000> rtt=100ms
		write 100
		< <SEQ=1><ACK=1><DATA=100><CTL=ACK,PSH>
		write 100
		write 200
		> <SEQ=1><ACK=101><CTL=ACK>
		< <SEQ=101><ACK=1><DATA=300><CTL=ACK,PSH>
	`},
	{"Nagle: what fills a segment leaves", `
		passive <WND=65535><MSS=1000> rtt=100ms
		write 100
		< <SEQ=1><ACK=1><DATA=100><CTL=ACK,PSH>
		write 400
		write 700
		< <SEQ=101><ACK=1><DATA=1000><CTL=ACK>
		> <SEQ=1><ACK=101><CTL=ACK>
		< <SEQ=1101><ACK=1><DATA=100><CTL=ACK,PSH>
	`},
	{"Nagle: one small segment behind full ones", `
		passive <WND=65535><MSS=1000> rtt=100ms
		write 2500
		< <SEQ=1><ACK=1><DATA=1000><CTL=ACK> x2
		< <SEQ=2001><ACK=1><DATA=500><CTL=ACK,PSH>
		write 1500
		< <SEQ=2501><ACK=1><DATA=1000><CTL=ACK>
		> <SEQ=1><ACK=2501><CTL=ACK>
		< <SEQ=3501><ACK=1><DATA=500><CTL=ACK,PSH>
	`},
	// req: RFC9293 MUST-17
	{"no delay", `
		passive <WND=65535><MSS=1000> rtt=100ms
		set nodelay
		write 100
		< <SEQ=1><ACK=1><DATA=100><CTL=ACK,PSH>
		write 100
		< <SEQ=101><ACK=1><DATA=100><CTL=ACK,PSH>
		write 100
		< <SEQ=201><ACK=1><DATA=100><CTL=ACK,PSH>
	`},
	{"no delay, switched on, lets go what waits", `
		passive <WND=65535><MSS=1000> rtt=100ms
		write 100
		< <SEQ=1><ACK=1><DATA=100><CTL=ACK,PSH>
		write 100
		set nodelay
		< <SEQ=101><ACK=1><DATA=100><CTL=ACK,PSH>
	`},
	{"a FIN does not wait for Nagle", `
		passive <WND=65535><MSS=1000> rtt=100ms
		write 100
		< <SEQ=1><ACK=1><DATA=100><CTL=ACK,PSH>
		write 100
		shutdown
		< <SEQ=101><ACK=1><DATA=100><CTL=FIN,ACK,PSH>
	`},
	{"cork: a small segment waits 200 ms at most", `
		passive <WND=65535><MSS=1000> rtt=100ms
		set cork
		write 100
		< 200ms <SEQ=1><ACK=1><DATA=100><CTL=ACK,PSH>
	`},
	{"cork: full segments leave", `
		passive <WND=65535><MSS=1000> rtt=100ms
		set cork
		write 100
		write 1900
		< <SEQ=1><ACK=1><DATA=1000><CTL=ACK> 
		< <SEQ=1001><ACK=1><DATA=1000><CTL=ACK,PSH>
		write 500
		> <SEQ=1><ACK=2001><CTL=ACK>
		set cork 0
		< <SEQ=2001><ACK=1><DATA=500><CTL=ACK,PSH>
	`},

	// req: RFC9293 MUST-38, SHLD-28
	{"the peer's window is full", `
		passive <WND=2500><MSS=1000> rtt=100ms
		write 5000
		< <SEQ=1><ACK=1><DATA=1000><CTL=ACK>
		# Linux pushes whenever half of the largest window has been written since it last did.
		ours:   < <SEQ=1001><ACK=1><DATA=1000><CTL=ACK>
		kernel: < <SEQ=1001><ACK=1><DATA=1000><CTL=ACK,PSH>
		> <SEQ=1><ACK=1001><CTL=ACK>
		< <SEQ=2001><ACK=1><DATA=1000><CTL=ACK>
		> <SEQ=1><ACK=3001><CTL=ACK>
		# Linux pushes whenever half of the largest window has been written since it last did.
		ours:   < <SEQ=3001><ACK=1><DATA=1000><CTL=ACK>
		kernel: < <SEQ=3001><ACK=1><DATA=1000><CTL=ACK,PSH>
		< <SEQ=4001><ACK=1><DATA=1000><CTL=ACK,PSH>
	`},
	{"segments are no larger than half of a small window", `
		passive <WND=1000><MSS=1000> rtt=100ms
		write 2000
		# So that there are acknowledgments to go by, Linux cuts a window of one segment in two.
		ours:   < <SEQ=1><ACK=1><DATA=1000><CTL=ACK>
		kernel: < <SEQ=1><ACK=1><DATA=500><CTL=ACK>
		kernel: < <SEQ=501><ACK=1><DATA=500><CTL=ACK,PSH>
	`},
	{"a window that opens lets data go", `
		passive <WND=65535><MSS=500> rtt=100ms
		write 500
		< <SEQ=1><ACK=1><DATA=500><CTL=ACK,PSH>
		> <SEQ=1><ACK=501><WND=1000><CTL=ACK>
		write 2000
		< <SEQ=501><ACK=1><DATA=500><CTL=ACK> x2
		> <SEQ=1><ACK=501><WND=2000><CTL=ACK>
		< <SEQ=1501><ACK=1><DATA=500><CTL=ACK>
		< <SEQ=2001><ACK=1><DATA=500><CTL=ACK,PSH>
	`},
	// req: RFC9293 MUST-34, SHLD-15
	{"a window that shrinks", `
		passive <WND=65535><MSS=500> rtt=100ms
		> <SEQ=1><ACK=1><WND=1000><CTL=ACK>
		write 2000
		< <SEQ=1><ACK=1><DATA=500><CTL=ACK> x2
		# RFC 9293, Section 3.10.7.4: "set SND.WND <- SEG.WND". Linux believes no smaller window of a segment that acknowledges
		# and carries nothing new, unless it is closed.
		kernel: < <SEQ=1001><ACK=1><DATA=500><CTL=ACK>
		kernel: < <SEQ=1501><ACK=1><DATA=500><CTL=ACK,PSH>
	`},
	{"an old segment does not move the window", `
		passive <WND=65535><MSS=500> rtt=100ms
		> <SEQ=101><ACK=1><DATA=100><WND=500><CTL=ACK>
		< <SEQ=1><ACK=1><CTL=ACK>
		> <SEQ=1><ACK=1><DATA=100><WND=5000><CTL=ACK>
		< <SEQ=1><ACK=201><CTL=ACK>
		write 1000
		< <SEQ=1><ACK=201><DATA=500><CTL=ACK>
	`},
	// req: RFC7323 2.3-4
	{"window scale is applied", `
		passive <WND=1000><MSS=1000><WS=2> rtt=100ms
		write 5000
		< <SEQ=1><ACK=1><DATA=1000><CTL=ACK> x2
		# Linux pushes whenever half of the largest window has been written since it last did.
		ours:   < <SEQ=2001><ACK=1><DATA=1000><CTL=ACK>
		kernel: < <SEQ=2001><ACK=1><DATA=1000><CTL=ACK,PSH>
		< <SEQ=3001><ACK=1><DATA=1000><CTL=ACK>
	`},
	// req: RFC7323 2.2-4
	{"the window of a SYN is not scaled", `
		listen
		> <SEQ=0><WND=1000><CTL=SYN><MSS=100><WS=14>
		< <SEQ=0><ACK=1><CTL=SYN,ACK>
		sleep 100ms
		> <SEQ=1><ACK=1><WND=0><CTL=ACK>
		accept
		write 500
		> <SEQ=1><ACK=1><WND=1><CTL=ACK>
		< <SEQ=1><ACK=1><DATA=100><CTL=ACK> x4
		< <SEQ=401><ACK=1><DATA=100><CTL=ACK,PSH>
	`},
	// req: RFC7323 2.3-7
	{"a window scale of 15 counts as 14", `
		passive <WND=1><MSS=1000><WS=15> rtt=100ms
		write 20000
		< <SEQ=1><ACK=1><DATA=1000><CTL=ACK> x8
		# Linux pushes whenever half of the largest window has been written since it last did.
		ours:   < <SEQ=8001><ACK=1><DATA=1000><CTL=ACK>
		kernel: < <SEQ=8001><ACK=1><DATA=1000><CTL=ACK,PSH>
		< <SEQ=9001><ACK=1><DATA=1000><CTL=ACK>
		> <SEQ=1><ACK=4001><CTL=ACK>
		< <SEQ=10001><ACK=1><DATA=1000><CTL=ACK> x7
		# Linux pushes whenever half of the largest window has been written since it last did.
		ours:   < <SEQ=17001><ACK=1><DATA=1000><CTL=ACK>
		kernel: < <SEQ=17001><ACK=1><DATA=1000><CTL=ACK,PSH>
	`},

	// req: RFC9293 MUST-24, MUST-26, MUST-27, SHLD-12
	{"keep-alives, and no answer", `
		passive <WND=65535><MSS=1000> rtt=100ms
		set keepidle 1
		set keepintvl 1
		set keepcnt 2
		set keepalive
		< 1s <SEQ=0><ACK=1><CTL=ACK>
		< 1s <SEQ=0><ACK=1><CTL=ACK>
		< 1s <SEQ=1><ACK=1><CTL=RST,ACK>
		state CLOSED
		error ETIMEDOUT
	`},
	{"keep-alives, answered", `
		passive <WND=65535><MSS=1000><TS=0,0> rtt=100ms
		set keepidle 1
		set keepintvl 2
		set keepcnt 1
		set keepalive
		< 1s <SEQ=0><ACK=1><CTL=ACK>
		> <SEQ=1><ACK=1><CTL=ACK>
		< 2s <SEQ=0><ACK=1><CTL=ACK>
		> <SEQ=1><ACK=1><CTL=ACK>
		state ESTABLISHED
	`},
}
