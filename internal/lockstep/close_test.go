package lockstep

// closing is about FINs and the end of connections.
var closing = []Script{
	{"active close", `
		passive <WND=65535><MSS=1000>
		close
		< <SEQ=1><ACK=1><CTL=FIN,ACK>
		> <SEQ=1><ACK=2><CTL=ACK>
		> <SEQ=1><ACK=2><CTL=FIN,ACK>
		< <SEQ=2><ACK=2><CTL=ACK>
	`},
	{"active close, FIN and ACK in one", `
		passive <WND=65535><MSS=1000><TS=0,0>
		close
		< <SEQ=1><ACK=1><CTL=FIN,ACK>
		> <SEQ=1><ACK=2><CTL=FIN,ACK>
		< <SEQ=2><ACK=2><CTL=ACK>
	`},
	{"passive close", `
		passive <WND=65535><MSS=1000>
		> <SEQ=1><ACK=1><CTL=FIN,ACK>
		# Linux waits for its own FIN to carry the acknowledgment.
		ours:   < <SEQ=1><ACK=2><CTL=ACK>
		kernel: < soon <SEQ=1><ACK=2><CTL=ACK>
		state CLOSE-WAIT
		eof
		close
		< <SEQ=1><ACK=2><CTL=FIN,ACK>
		> <SEQ=2><ACK=2><CTL=ACK>
		> <SEQ=2><ACK=2><CTL=ACK>
		< <SEQ=2><WND=0><CTL=RST>
	`},
	{"simultaneous close", `
		passive <WND=65535><MSS=1000>
		shutdown
		< <SEQ=1><ACK=1><CTL=FIN,ACK>
		> <SEQ=1><ACK=1><CTL=FIN,ACK>
		< <SEQ=2><ACK=2><CTL=ACK>
		state CLOSING
		> <SEQ=2><ACK=2><CTL=ACK>
		> <SEQ=1><ACK=1><CTL=FIN,ACK>
		< <SEQ=2><ACK=2><CTL=ACK>
	`},
	{"half-close: the peer goes on sending", `
		passive <WND=65535><MSS=1000>
		shutdown
		< <SEQ=1><ACK=1><CTL=FIN,ACK>
		> <SEQ=1><ACK=2><CTL=ACK>
		state FIN-WAIT-2
		> <SEQ=1><ACK=2><DATA=100><CTL=ACK>
		< <SEQ=2><ACK=101><CTL=ACK>
		read 100
		> <SEQ=101><ACK=2><DATA=100><CTL=FIN,ACK>
		< <SEQ=2><ACK=202><CTL=ACK>
		read 100
		eof
	`},
	{"half-close: we go on sending", `
		passive <WND=65535><MSS=1000>
		> <SEQ=1><ACK=1><CTL=FIN,ACK>
		# Linux waits for its own FIN to carry the acknowledgment.
		ours:   < <SEQ=1><ACK=2><CTL=ACK>
		kernel: < soon <SEQ=1><ACK=2><CTL=ACK>
		write 100
		< <SEQ=1><ACK=2><DATA=100><CTL=ACK,PSH>
		> <SEQ=2><ACK=101><CTL=ACK>
		close
		< <SEQ=101><ACK=2><CTL=FIN,ACK>
		> <SEQ=2><ACK=102><CTL=ACK>
	`},
	{"FIN out of order", `
		passive <WND=65535><MSS=1000><SACKOK>
		> <SEQ=101><ACK=1><CTL=FIN,ACK>
		< <SEQ=1><ACK=1><CTL=ACK><SACK=101:102>
		state ESTABLISHED
		> <SEQ=1><ACK=1><DATA=100><CTL=ACK>
		< <SEQ=1><ACK=102><CTL=ACK>
		state CLOSE-WAIT
		read 100
		eof
	`},
	{"data and FIN out of order", `
		passive <WND=65535><MSS=1000><SACKOK>
		> <SEQ=101><ACK=1><DATA=100><CTL=FIN,ACK>
		< <SEQ=1><ACK=1><CTL=ACK><SACK=101:202>
		> <SEQ=1><ACK=1><DATA=100><CTL=ACK>
		< <SEQ=1><ACK=202><CTL=ACK>
		state CLOSE-WAIT
		read 200
		eof
	`},
	{"a repeated FIN is acknowledged again", `
		passive <WND=65535><MSS=1000>
		> <SEQ=1><ACK=1><CTL=FIN,ACK>
		# Linux waits for its own FIN to carry the acknowledgment.
		ours:   < <SEQ=1><ACK=2><CTL=ACK>
		kernel: < soon <SEQ=1><ACK=2><CTL=ACK>
		> <SEQ=1><ACK=1><CTL=FIN,ACK>
		< <SEQ=1><ACK=2><CTL=ACK>
	`},
	{"data after the FIN", `
		passive <WND=65535><MSS=1000>
		> <SEQ=1><ACK=1><DATA=100><CTL=FIN,ACK>
		# Linux waits for its own FIN to carry the acknowledgment.
		ours:   < <SEQ=1><ACK=102><CTL=ACK>
		kernel: < 40ms <SEQ=1><ACK=102><CTL=ACK>
		> <SEQ=102><ACK=1><DATA=100><CTL=ACK>
		read 100
		eof
	`},
	{"the FIN rides on the last data", `
		passive <WND=65535><MSS=1000>
		set cork 1
		write 100
		shutdown
		< <SEQ=1><ACK=1><DATA=100><CTL=FIN,ACK,PSH>
	`},
	{"the peer's FIN with the ACK of ours and of data", `
		passive <WND=65535><MSS=1000>
		write 100
		< <SEQ=1><ACK=1><DATA=100><CTL=ACK,PSH>
		shutdown
		< <SEQ=101><ACK=1><CTL=FIN,ACK>
		> <SEQ=1><ACK=101><CTL=FIN,ACK>
		< <SEQ=102><ACK=2><CTL=ACK>
		state CLOSING
		> <SEQ=2><ACK=102><CTL=ACK>
		> <SEQ=1><ACK=102><CTL=FIN,ACK>
		< <SEQ=102><ACK=2><CTL=ACK>
	`},

	// req: RFC9293 SHLD-3
	{"close with unread data", `
		passive <WND=65535><MSS=1000>
		> <SEQ=1><ACK=1><DATA=100><CTL=ACK>
		< <SEQ=1><ACK=101><CTL=ACK>
		close
		< <SEQ=1><ACK=101><WND=open><CTL=RST,ACK>
		> <SEQ=101><ACK=1><DATA=100><CTL=ACK>
		< <SEQ=1><WND=0><CTL=RST>
	`},
	{"close with the FIN unread", `
		passive <WND=65535><MSS=1000>
		> <SEQ=1><ACK=1><CTL=FIN,ACK>
		# Linux waits for its own FIN to carry the acknowledgment.
		ours:   < <SEQ=1><ACK=2><CTL=ACK>
		kernel: < soon <SEQ=1><ACK=2><CTL=ACK>
		close
		< <SEQ=1><ACK=2><CTL=FIN,ACK>
	`},
	// req: RFC9293 SHLD-3
	{"data after close", `
		passive <WND=65535><MSS=1000>
		close
		< <SEQ=1><ACK=1><CTL=FIN,ACK>
		> <SEQ=1><ACK=2><CTL=ACK>
		> <SEQ=1><ACK=2><DATA=100><CTL=ACK>
		< <SEQ=2><WND=0><CTL=RST>
		> <SEQ=101><ACK=2><CTL=ACK>
		< <SEQ=2><WND=0><CTL=RST>
	`},
	{"data after close, before the FIN is acknowledged", `
		passive <WND=65535><MSS=1000>
		close
		< <SEQ=1><ACK=1><CTL=FIN,ACK>
		> <SEQ=1><ACK=1><DATA=100><CTL=ACK>
		< <SEQ=1><WND=0><CTL=RST>
	`},
	{"old data after close is a duplicate", `
		passive <WND=65535><MSS=1000>
		> <SEQ=1><ACK=1><DATA=100><CTL=ACK>
		< <SEQ=1><ACK=101><CTL=ACK>
		read 100
		close
		< <SEQ=1><ACK=101><CTL=FIN,ACK>
		> <SEQ=1><ACK=2><DATA=100><CTL=ACK>
		# Linux says nothing more to the segment that makes it enter FIN-WAIT-2 on behalf of nobody.
		kernel: > <SEQ=1><ACK=2><DATA=100><CTL=ACK>
		< <SEQ=2><ACK=101><CTL=ACK>
	`},
	{"data after shutdown for writing is taken", `
		passive <WND=65535><MSS=1000>
		shutdown
		< <SEQ=1><ACK=1><CTL=FIN,ACK>
		> <SEQ=1><ACK=1><DATA=100><CTL=ACK>
		< <SEQ=2><ACK=101><CTL=ACK>
		read 100
	`},
	// req: RFC7323 5.2-4
	{"abort", `
		passive <WND=65535><MSS=1000><TS=0,0>
		abort
		< <SEQ=1><ACK=1><WND=open><CTL=RST,ACK>
	`},
	{"abort with data in flight", `
		passive <WND=65535><MSS=1000>
		write 100
		< <SEQ=1><ACK=1><DATA=100><CTL=ACK,PSH>
		abort
		< <SEQ=101><ACK=1><WND=open><CTL=RST,ACK>
	`},
	{"abort with data that could not be sent yet", `
		passive <WND=2000><MSS=1000>
		write 3000
		< <SEQ=1><ACK=1><DATA=1000><CTL=ACK>
		# Linux pushes whenever half of the largest window has been written since it last did.
		ours:   < <SEQ=1001><ACK=1><DATA=1000><CTL=ACK>
		kernel: < <SEQ=1001><ACK=1><DATA=1000><CTL=ACK,PSH>
		abort
		< <SEQ=2001><ACK=1><CTL=RST,ACK>
	`},
	{"abort in SYN-SENT says nothing", `
		connect
		< <SEQ=0><CTL=SYN>
		abort
		> <SEQ=0><ACK=1><WND=1000><CTL=SYN,ACK><MSS=1000>
		< <SEQ=1><WND=0><CTL=RST>
	`},
	{"close in SYN-SENT says nothing", `
		connect
		< <SEQ=0><CTL=SYN>
		close
		> <SEQ=0><ACK=1><WND=1000><CTL=SYN,ACK><MSS=1000>
		< <SEQ=1><WND=0><CTL=RST>
	`},
	{"abort in FIN-WAIT-2", `
		passive <WND=65535><MSS=1000>
		shutdown
		< <SEQ=1><ACK=1><CTL=FIN,ACK>
		> <SEQ=1><ACK=2><CTL=ACK>
		abort
		< <SEQ=2><ACK=1><CTL=RST,ACK>
	`},
	{"abort in CLOSE-WAIT", `
		passive <WND=65535><MSS=1000>
		> <SEQ=1><ACK=1><CTL=FIN,ACK>
		# Linux waits for its own FIN to carry the acknowledgment.
		ours:   < <SEQ=1><ACK=2><CTL=ACK>
		kernel: < soon <SEQ=1><ACK=2><CTL=ACK>
		abort
		< <SEQ=1><ACK=2><CTL=RST,ACK>
	`},
	{"a RST in FIN-WAIT-1, FIN-WAIT-2 and CLOSE-WAIT", `
		passive <WND=65535><MSS=1000>
		shutdown
		< <SEQ=1><ACK=1><CTL=FIN,ACK>
		> <SEQ=1><CTL=RST>
		state CLOSED
		flow 1
		passive <WND=65535><MSS=1000>
		shutdown
		< <SEQ=1><ACK=1><CTL=FIN,ACK>
		> <SEQ=1><ACK=2><CTL=ACK>
		> <SEQ=1><CTL=RST>
		state CLOSED
		flow 2
		passive <WND=65535><MSS=1000>
		> <SEQ=1><ACK=1><CTL=FIN,ACK>
		# Linux waits for its own FIN to carry the acknowledgment.
		ours:   < <SEQ=1><ACK=2><CTL=ACK>
		kernel: < soon <SEQ=1><ACK=2><CTL=ACK>
		> <SEQ=2><CTL=RST>
		state CLOSED
		eof
	`},

	// req: RFC9293 MUST-13
	{"TIME-WAIT: the FIN again is acknowledged", `
		passive <WND=65535><MSS=1000><TS=0,0>
		close
		< <SEQ=1><ACK=1><CTL=FIN,ACK>
		> <SEQ=1><ACK=2><CTL=FIN,ACK>
		< <SEQ=2><ACK=2><CTL=ACK>
		> <SEQ=1><ACK=2><CTL=FIN,ACK>
		< <SEQ=2><ACK=2><CTL=ACK>
	`},
	{"TIME-WAIT: an acceptable ACK is ignored", `
		passive <WND=65535><MSS=1000><TS=0,0>
		close
		< <SEQ=1><ACK=1><CTL=FIN,ACK>
		> <SEQ=1><ACK=2><CTL=FIN,ACK>
		< <SEQ=2><ACK=2><CTL=ACK>
		> <SEQ=2><ACK=2><CTL=ACK>
	`},
	{"TIME-WAIT: data", `
		passive <WND=65535><MSS=1000><TS=0,0>
		close
		< <SEQ=1><ACK=1><CTL=FIN,ACK>
		> <SEQ=1><ACK=2><CTL=FIN,ACK>
		< <SEQ=2><ACK=2><CTL=ACK>
		> <SEQ=2><ACK=2><DATA=100><CTL=ACK>
		< <SEQ=2><ACK=2><CTL=ACK>
	`},
	{"TIME-WAIT: old data", `
		passive <WND=65535><MSS=1000><TS=0,0>
		> <SEQ=1><ACK=1><DATA=100><CTL=ACK>
		< <SEQ=1><ACK=101><CTL=ACK>
		read 100
		close
		< <SEQ=1><ACK=101><CTL=FIN,ACK>
		> <SEQ=101><ACK=2><CTL=FIN,ACK>
		< <SEQ=2><ACK=102><CTL=ACK>
		> <SEQ=1><ACK=2><DATA=100><CTL=ACK>
		< <SEQ=2><ACK=102><CTL=ACK>
	`},
	{"TIME-WAIT: a RST", `
		passive <WND=65535><MSS=1000><TS=0,0>
		close
		< <SEQ=1><ACK=1><CTL=FIN,ACK>
		> <SEQ=1><ACK=2><CTL=FIN,ACK>
		< <SEQ=2><ACK=2><CTL=ACK>
		> <SEQ=2><CTL=RST>
		> <SEQ=1><ACK=2><CTL=FIN,ACK>
		# RFC 1337, Section 3, fix F1: "Ignore RST segments in TIME-WAIT state". Linux does when told to.
		ours:   < <SEQ=2><ACK=2><CTL=ACK>
		kernel: < <SEQ=2><WND=0><CTL=RST>
	`},
	{"TIME-WAIT: a RST, told to mind RFC 1337", `
		config tcp_rfc1337=1
		passive <WND=65535><MSS=1000><TS=0,0>
		close
		< <SEQ=1><ACK=1><CTL=FIN,ACK>
		> <SEQ=1><ACK=2><CTL=FIN,ACK>
		< <SEQ=2><ACK=2><CTL=ACK>
		> <SEQ=2><CTL=RST>
		> <SEQ=1><ACK=2><CTL=FIN,ACK>
		< <SEQ=2><ACK=2><CTL=ACK>
	`},
	{"TIME-WAIT: a SYN above the old numbers opens again", `
		passive <WND=65535><MSS=1000>
		close
		< <SEQ=1><ACK=1><CTL=FIN,ACK>
		> <SEQ=1><ACK=2><CTL=FIN,ACK>
		< <SEQ=2><ACK=2><CTL=ACK>
		incarnation 100000
		passive <WND=65535><MSS=1000>
		> <SEQ=1><ACK=1><DATA=100><CTL=ACK>
		< <SEQ=1><ACK=101><CTL=ACK>
	`},
	{"TIME-WAIT: a SYN below the old numbers does not", `
		passive <WND=65535><MSS=1000>
		close
		< <SEQ=1><ACK=1><CTL=FIN,ACK>
		> <SEQ=1><ACK=2><CTL=FIN,ACK>
		< <SEQ=2><ACK=2><CTL=ACK>
		> <SEQ=-100000><CTL=SYN><WND=1000><MSS=1000>
		< <SEQ=2><ACK=2><CTL=ACK>
	`},
	// req: RFC9293 SHLD-4
	{"TIME-WAIT: a SYN below them with a later timestamp does", `
		passive <WND=65535><MSS=1000><TS=0,0>
		close
		< <SEQ=1><ACK=1><CTL=FIN,ACK>
		> <SEQ=1><ACK=2><CTL=FIN,ACK>
		< <SEQ=2><ACK=2><CTL=ACK>
		incarnation -100000
		passive <WND=65535><MSS=1000><TS=10,0>
	`},
	{"TIME-WAIT: a SYN above them with an earlier timestamp does not", `
		passive <WND=65535><MSS=1000><TS=1000,0>
		close
		< <SEQ=1><ACK=1><CTL=FIN,ACK>
		> <SEQ=1><ACK=2><CTL=FIN,ACK><TS=1000,0>
		< <SEQ=2><ACK=2><CTL=ACK>
		> <SEQ=100000><CTL=SYN><WND=1000><MSS=1000><TS=0,0>
		< <SEQ=2><ACK=2><CTL=ACK>
	`},
	{"TIME-WAIT: an old segment by PAWS", `
		passive <WND=65535><MSS=1000><TS=1000,0>
		close
		< <SEQ=1><ACK=1><CTL=FIN,ACK>
		> <SEQ=1><ACK=2><CTL=FIN,ACK><TS=1000,0>
		< <SEQ=2><ACK=2><CTL=ACK>
		> <SEQ=2><ACK=2><CTL=ACK><TS=0,0>
		< <SEQ=2><ACK=2><CTL=ACK>
	`},
	{"LAST-ACK: the peer's FIN again", `
		passive <WND=65535><MSS=1000>
		> <SEQ=1><ACK=1><CTL=FIN,ACK>
		# Linux waits for its own FIN to carry the acknowledgment.
		ours:   < <SEQ=1><ACK=2><CTL=ACK>
		kernel: < soon <SEQ=1><ACK=2><CTL=ACK>
		close
		< <SEQ=1><ACK=2><CTL=FIN,ACK>
		> <SEQ=1><ACK=1><CTL=FIN,ACK>
		< <SEQ=2><ACK=2><CTL=ACK>
		> <SEQ=2><ACK=2><CTL=ACK>
		> <SEQ=2><ACK=2><CTL=ACK>
		< <SEQ=2><WND=0><CTL=RST>
	`},
	{"the FIN is retransmitted", `
		passive <WND=65535><MSS=1000><TS=0,0> rtt=50ms
		close
		< <SEQ=1><ACK=1><CTL=FIN,ACK>
		< 250ms <SEQ=1><ACK=1><CTL=FIN,ACK>
		< 500ms <SEQ=1><ACK=1><CTL=FIN,ACK>
		> <SEQ=1><ACK=2><CTL=ACK>
	`},
	{"FIN-WAIT-2 on behalf of nobody ends after a while", `
		config tcp_fin_timeout=1 fintimeout=1
		passive <WND=65535><MSS=1000>
		close
		< <SEQ=1><ACK=1><CTL=FIN,ACK>
		> <SEQ=1><ACK=2><CTL=ACK>
		sleep 500ms
		> <SEQ=0><ACK=2><CTL=ACK>
		< <SEQ=2><ACK=1><CTL=ACK>
		sleep 2s
		> <SEQ=1><ACK=2><CTL=FIN,ACK>
		< <SEQ=2><WND=0><CTL=RST>
	`},
	{"the error of a reset", `
		passive <WND=65535><MSS=1000>
		> <SEQ=1><CTL=RST>
		error ECONNRESET
	`},
}
