package lockstep

// windows is about the receiver's window.
var windows = []Script{
	// req: RFC9293 MUST-39, SHLD-14
	{"a full window, and reading", `
		passive <WND=65535><MSS=1000><SACKOK>
		fill 1000
		read 100
		read 20000
		< <SEQ=1><ACK=NXT><WND=open><CTL=ACK>
	`},
	{"a full window with window scale", `
		passive <WND=65535><MSS=1000><SACKOK><WS=7><TS=0,0>
		fill 1000
		read 100
		read 50000
		< <SEQ=1><ACK=NXT><WND=open><CTL=ACK>
	`},
	{"a full window: probes are answered", `
		passive <WND=65535><MSS=1000><SACKOK>
		fill 1000
		> <SEQ=NXT-1><ACK=1><CTL=ACK>
		< <SEQ=1><ACK=NXT><WND=0><CTL=ACK>
		> <SEQ=NXT><ACK=1><DATA=1><CTL=ACK>
		< <SEQ=1><ACK=NXT><WND=0><CTL=ACK>
		> <SEQ=NXT><ACK=1><DATA=1><CTL=ACK>
		< <SEQ=1><ACK=NXT><WND=0><CTL=ACK>
		read 30000
		< <SEQ=1><ACK=NXT><WND=open><CTL=ACK>
		> <SEQ=NXT><ACK=1><DATA=1><CTL=ACK>
		ignore
		sleep 100ms
		ignore
		> <SEQ=NXT><ACK=1><DATA=1><CTL=ACK>
		< <SEQ=1><ACK=NXT+1><CTL=ACK><SACK=NXT:NXT+1>
	`},
	{"a full window: an ACK is taken", `
		passive <WND=65535><MSS=1000>
		fill 1000
		write 100
		< <SEQ=1><ACK=NXT><DATA=100><CTL=ACK,PSH>
		> <SEQ=NXT><ACK=101><CTL=ACK>
		write 100
		< <SEQ=101><ACK=NXT><DATA=100><CTL=ACK,PSH>
	`},
	{"a full window: a FIN alone", `
		passive <WND=65535><MSS=1000>
		fill 1000
		> <SEQ=NXT><ACK=1><CTL=FIN,ACK>
		# Linux waits for its own FIN to carry the acknowledgment.
		ours:   < <SEQ=1><ACK=NXT+1><CTL=ACK>
		kernel: < 40ms <SEQ=1><ACK=NXT+1><CTL=ACK>
		state CLOSE-WAIT
	`},
	{"a full window: a RST", `
		passive <WND=65535><MSS=1000>
		fill 1000
		> <SEQ=NXT><CTL=RST>
		state CLOSED
	`},
	{"a full window: a RST elsewhere", `
		passive <WND=65535><MSS=1000>
		fill 1000
		> <SEQ=NXT+1><CTL=RST>
		> <SEQ=NXT-1><CTL=RST>
		state ESTABLISHED
	`},
	{"a full window: a SYN", `
		passive <WND=65535><MSS=1000>
		fill 1000
		> <SEQ=NXT><CTL=SYN><WND=1000>
		< <SEQ=1><ACK=NXT><WND=0><CTL=ACK>
		state ESTABLISHED
	`},
	{"a small buffer: the window opens by segments", `
		config rcvbuf=8192
		passive <WND=65535><MSS=1000>
		fill 1000
		read 100
		read 400
		read 500
		# RFC 9293, Section 3.8.6.2.2: "min( Fr * RCV.BUFF, Eff.snd.MSS )" is the least worth telling. A segment only to say so
		# ours sends for two.
		kernel: < <SEQ=1><ACK=NXT><WND=open><CTL=ACK>
		read 500
		read 500
		< <SEQ=1><ACK=NXT><WND=open><CTL=ACK>
	`},
	{"a window that is hardly used is not updated", `
		passive <WND=65535><MSS=1000>
		> <SEQ=1><ACK=1><DATA=1000><CTL=ACK>
		< <SEQ=1><ACK=1001><CTL=ACK>
		read 1000
		> <SEQ=1001><ACK=1><DATA=1000><CTL=ACK>
		< <SEQ=1><ACK=2001><CTL=ACK>
		read 1000
	`},
	{"a full window: the peer's window counts", `
		passive <WND=65535><MSS=1000>
		fill 1000
		> <SEQ=NXT><ACK=1><WND=0><CTL=ACK>
		write 100
		> <SEQ=NXT><ACK=1><WND=1000><CTL=ACK>
		< <SEQ=1><ACK=NXT><DATA=100><CTL=ACK,PSH>
	`},
}
