package lockstep

// reset is about RSTs, challenges and what else must not disturb a connection.
var reset = []Script{
	// req: RFC5961 3.2-3, RFC9293 MUST-12
	{"a RST at RCV.NXT resets", `
		passive <WND=65535><MSS=1000>
		> <SEQ=1><CTL=RST>
		state CLOSED
		error ECONNRESET
	`},
	{"a RST with an ACK too", `
		passive <WND=65535><MSS=1000>
		> <SEQ=1><ACK=1><CTL=RST,ACK>
		state CLOSED
		error ECONNRESET
	`},
	{"the ACK of a RST is not looked at", `
		passive <WND=65535><MSS=1000>
		> <SEQ=1><ACK=12345><CTL=RST,ACK>
		state CLOSED
		error ECONNRESET
	`},
	{"what came before a RST can still be read", `
		passive <WND=65535><MSS=1000>
		> <SEQ=1><ACK=1><DATA=100><CTL=ACK>
		< <SEQ=1><ACK=101><CTL=ACK>
		> <SEQ=101><CTL=RST>
		state CLOSED
		read 100
		error ECONNRESET
	`},
	// req: RFC5961 3.2-4, 3.2-5
	{"a RST elsewhere in the window is challenged", `
		passive <WND=65535><MSS=1000>
		> <SEQ=2><CTL=RST>
		< <SEQ=1><ACK=1><CTL=ACK>
		state ESTABLISHED
		sleep 550ms
		> <SEQ=EDGE-1><CTL=RST>
		< <SEQ=1><ACK=1><CTL=ACK>
		state ESTABLISHED
	`},
	{"a RST at the right edge of the window", `
		passive <WND=65535><MSS=1000>
		> <SEQ=EDGE><CTL=RST>
		< <SEQ=1><ACK=1><CTL=ACK>
		state ESTABLISHED
	`},
	// req: RFC5961 3.2-2
	{"a RST outside of the window is ignored", `
		passive <WND=65535><MSS=1000>
		> <SEQ=0><CTL=RST>
		> <SEQ=-1000><CTL=RST>
		> <SEQ=EDGE+1><CTL=RST>
		> <SEQ=EDGE+100000><CTL=RST>
		state ESTABLISHED
	`},
	{"a RST that begins before RCV.NXT and reaches it", `
		passive <WND=65535><MSS=1000>
		> <SEQ=0><DATA=10><CTL=RST>
		< <SEQ=1><ACK=1><CTL=ACK>
		state ESTABLISHED
	`},
	// req: RFC9293 SHLD-2
	{"a RST with data", `
		passive <WND=65535><MSS=1000>
		> <SEQ=1><DATA=10><CTL=RST>
		state CLOSED
		error ECONNRESET
	`},
	{"a RST at the end of what came out of order", `
		passive <WND=65535><MSS=1000><SACKOK>
		> <SEQ=101><ACK=1><DATA=100><CTL=ACK>
		< <SEQ=1><ACK=1><CTL=ACK><SACK=101:201>
		> <SEQ=201><CTL=RST>
		# RFC 5961, Section 3.2: "MUST reset" only at RCV.NXT, else "MUST send an acknowledgment". Linux takes the end of what
		# it has as well.
		ours:   < <SEQ=1><ACK=1><CTL=ACK><SACK=101:201>
		ours:   > <SEQ=1><CTL=RST>
		state CLOSED
	`},
	// req: RFC5961 7-1
	{"challenges are few", `
		passive <WND=65535><MSS=1000>
		> <SEQ=2><CTL=RST>
		< <SEQ=1><ACK=1><CTL=ACK>
		> <SEQ=3><CTL=RST>
		> <SEQ=100><CTL=SYN>
		> <SEQ=1><ACK=10000><CTL=ACK>
		sleep 550ms
		> <SEQ=1><ACK=10000><CTL=ACK>
		< <SEQ=1><ACK=1><CTL=ACK>
	`},
	// req: RFC7323 5.2-5
	{"PAWS does not save from a RST", `
		passive <WND=65535><MSS=1000><TS=1000,0>
		> <SEQ=1><CTL=RST><TS=0,0>
		state CLOSED
	`},

	// req: RFC5961 4.2-1, 4.2-2, 4.2-3
	{"a SYN in the window is challenged", `
		passive <WND=65535><MSS=1000>
		> <SEQ=100><CTL=SYN><WND=1000>
		< <SEQ=1><ACK=1><CTL=ACK>
		state ESTABLISHED
	`},
	{"a SYN at RCV.NXT is challenged", `
		passive <WND=65535><MSS=1000>
		> <SEQ=1><CTL=SYN><WND=1000>
		< <SEQ=1><ACK=1><CTL=ACK>
		state ESTABLISHED
	`},
	{"a SYN outside of the window", `
		passive <WND=65535><MSS=1000>
		> <SEQ=-1000><CTL=SYN><WND=1000>
		< <SEQ=1><ACK=1><CTL=ACK>
		sleep 550ms
		> <SEQ=EDGE+1000><CTL=SYN><WND=1000>
		< <SEQ=1><ACK=1><CTL=ACK>
		state ESTABLISHED
	`},
	{"the SYN of the connection once more", `
		passive <WND=65535><MSS=1000>
		> <SEQ=0><CTL=SYN><WND=1000>
		< <SEQ=1><ACK=1><CTL=ACK>
		state ESTABLISHED
	`},
	{"the SYN-ACK of the connection once more", `
		active <WND=65535><MSS=1000>
		> <SEQ=0><ACK=1><CTL=SYN,ACK><WND=1000>
		< <SEQ=1><ACK=1><CTL=ACK>
		state ESTABLISHED
	`},
	{"a SYN with data in the window", `
		passive <WND=65535><MSS=1000>
		> <SEQ=1><ACK=1><DATA=100><CTL=SYN,ACK><WND=1000>
		< <SEQ=1><ACK=1><CTL=ACK>
		readable 0
	`},

	// req: RFC5961 5.2-1, 5.2-2
	{"an ACK of what was never sent is challenged", `
		passive <WND=65535><MSS=1000>
		> <SEQ=1><ACK=2><CTL=ACK>
		< <SEQ=1><ACK=1><CTL=ACK>
		state ESTABLISHED
	`},
	{"text with an ACK of what was never sent is not taken", `
		passive <WND=65535><MSS=1000>
		> <SEQ=1><ACK=2><DATA=100><CTL=ACK>
		< <SEQ=1><ACK=1><CTL=ACK>
		readable 0
	`},
	{"a FIN with an ACK of what was never sent is not taken", `
		passive <WND=65535><MSS=1000>
		> <SEQ=1><ACK=2><CTL=FIN,ACK>
		< <SEQ=1><ACK=1><CTL=ACK>
		state ESTABLISHED
	`},
	{"an ACK below what any window allows is challenged", `
		passive <WND=1000><MSS=1000>
		> <SEQ=1><ACK=-1000><CTL=ACK>
		< <SEQ=1><ACK=1><CTL=ACK>
		state ESTABLISHED
	`},
	// req: RFC5961 5.2-1, 5.2-2
	{"text with an ACK too old is not taken", `
		passive <WND=1000><MSS=1000>
		> <SEQ=1><ACK=-1000><DATA=100><CTL=ACK>
		< <SEQ=1><ACK=1><CTL=ACK>
		readable 0
	`},
	{"text with an old ACK is taken", `
		passive <WND=65535><MSS=1000>
		write 100
		< <SEQ=1><ACK=1><DATA=100><CTL=ACK,PSH>
		> <SEQ=1><ACK=101><CTL=ACK>
		> <SEQ=1><ACK=1><DATA=100><CTL=ACK>
		< <SEQ=101><ACK=101><CTL=ACK>
		read 100
	`},
	{"a segment without any flag", `
		passive <WND=65535><MSS=1000>
		> <SEQ=1><WND=1000>
		> <SEQ=1><WND=1000><DATA=100>
		> <SEQ=1><WND=1000><CTL=FIN>
		state ESTABLISHED
		readable 0
	`},
}
