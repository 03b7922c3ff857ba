package lockstep

// marks is about Explicit Congestion Notification (RFC 3168).
var marks = []Script{
	// req: RFC3168 6.1.1-2, 6.1.1-8, 6.1.4-1, 6.1.2-1
	{"accepted if asked for", `
		listen
		> <SEQ=0><WND=65535><CTL=SYN,ECE,CWR><MSS=1000>
		< <SEQ=0><ACK=1><CTL=SYN,ACK,ECE>
		> <SEQ=1><ACK=1><CTL=ACK>
		accept
		write 100
		< <SEQ=1><ACK=1><DATA=100><CTL=ACK,PSH><ECT0>
		> <SEQ=1><ACK=101><CTL=ACK>
		> <SEQ=1><ACK=101><DATA=100><CTL=ACK><ECT0>
		< <SEQ=101><ACK=101><CTL=ACK>
	`},
	{"not asked for", `
		connect
		< <SEQ=0><CTL=SYN>
		> <SEQ=0><ACK=1><WND=65535><CTL=SYN,ACK,ECE><MSS=1000>
		< <SEQ=1><ACK=1><CTL=ACK>
		write 100
		< <SEQ=1><ACK=1><DATA=100><CTL=ACK,PSH>
	`},
	// req: RFC3168 6.1.1-1, 6.1.1-7
	{"SYNs that are not quite asking", `
		listen
		> <SEQ=0><WND=65535><CTL=SYN,ECE><MSS=1000>
		< <SEQ=0><ACK=1><CTL=SYN,ACK>
		flow 1
		> <SEQ=0><WND=65535><CTL=SYN,CWR><MSS=1000>
		< <SEQ=0><ACK=1><CTL=SYN,ACK>
	`},
	{"a SYN with a mark in its IP header", `
		listen
		> <SEQ=0><WND=65535><CTL=SYN,ECE,CWR><MSS=1000><ECT0>
		< <SEQ=0><ACK=1><CTL=SYN,ACK>
		flow 1
		> <SEQ=0><WND=65535><CTL=SYN,ECE,CWR><MSS=1000><CE>
		< <SEQ=0><ACK=1><CTL=SYN,ACK>
	`},
	{"a mark is echoed until CWR", `
		passive <WND=65535><MSS=1000><CTL=ECE,CWR>
		> <SEQ=1><ACK=1><DATA=100><CTL=ACK><CE>
		< <SEQ=1><ACK=101><CTL=ACK,ECE>
		> <SEQ=101><ACK=1><DATA=100><CTL=ACK><ECT0>
		< <SEQ=1><ACK=201><CTL=ACK,ECE>
		> <SEQ=201><ACK=1><DATA=100><CTL=ACK,CWR><ECT0>
		< <SEQ=1><ACK=301><CTL=ACK>
	`},
	{"a mark is told at once", `
		passive <WND=65535><MSS=1000><CTL=ECE,CWR>
		quick 16 100
		> <SEQ=NXT><ACK=1><DATA=100><CTL=ACK><CE>
		< <SEQ=1><ACK=NXT+100><CTL=ACK,ECE>
		> <SEQ=NXT+100><ACK=1><DATA=100><CTL=ACK><ECT0>
		# To Linux it is the beginning of two acknowledgments at once.
		ours:   < 40ms <SEQ=1><ACK=NXT+200><CTL=ACK,ECE>
		kernel: < <SEQ=1><ACK=NXT+200><CTL=ACK,ECE>
		> <SEQ=NXT+200><ACK=1><DATA=100><CTL=ACK,CWR><ECT0>
		< <SEQ=1><ACK=NXT+300><CTL=ACK>
	`},
	{"a marked segment with CWR", `
		passive <WND=65535><MSS=1000><CTL=ECE,CWR>
		> <SEQ=1><ACK=1><DATA=100><CTL=ACK><CE>
		< <SEQ=1><ACK=101><CTL=ACK,ECE>
		> <SEQ=101><ACK=1><DATA=100><CTL=ACK,CWR><CE>
		< <SEQ=1><ACK=201><CTL=ACK,ECE>
	`},
	// req: RFC3168 6.1.2-5
	{"an echo is answered with CWR", `
		passive <WND=65535><MSS=1000><CTL=ECE,CWR>
		write 1000
		< <SEQ=1><ACK=1><DATA=1000><CTL=ACK,PSH><ECT0>
		> <SEQ=1><ACK=1001><CTL=ACK,ECE>
		write 1000
		< <SEQ=1001><ACK=1><DATA=1000><CTL=CWR,ACK,PSH><ECT0>
		> <SEQ=1><ACK=2001><CTL=ACK>
		write 1000
		< <SEQ=2001><ACK=1><DATA=1000><CTL=ACK,PSH><ECT0>
	`},
	{"a mark on old data is echoed", `
		passive <WND=65535><MSS=1000><CTL=ECE,CWR>
		> <SEQ=1><ACK=1><DATA=100><CTL=ACK><ECT0>
		< <SEQ=1><ACK=101><CTL=ACK>
		> <SEQ=1><ACK=1><DATA=100><CTL=ACK><CE>
		< <SEQ=1><ACK=101><CTL=ACK>
		> <SEQ=101><ACK=1><DATA=100><CTL=ACK><ECT0>
		< <SEQ=1><ACK=201><CTL=ACK>
	`},
	// req: RFC3168 6.1.5-1
	{"what is marked as capable", `
		passive <WND=65535><MSS=1000><CTL=ECE,CWR> rtt=50ms
		write 100
		< <SEQ=1><ACK=1><DATA=100><CTL=ACK,PSH><ECT0>
		< 250ms <SEQ=1><ACK=1><DATA=100><CTL=ACK,PSH>
		> <SEQ=1><ACK=101><CTL=ACK>
		shutdown
		< <SEQ=101><ACK=1><CTL=FIN,ACK>
		abort
		< <SEQ=102><ACK=1><CTL=RST,ACK>
	`},
	{"without ECN a mark means nothing", `
		passive <WND=65535><MSS=1000>
		> <SEQ=1><ACK=1><DATA=100><CTL=ACK><CE>
		< <SEQ=1><ACK=101><CTL=ACK>
		> <SEQ=101><ACK=1><DATA=100><CTL=ACK,ECE,CWR>
		< <SEQ=1><ACK=201><CTL=ACK>
	`},
}
