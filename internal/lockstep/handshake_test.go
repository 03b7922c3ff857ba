package lockstep

var handshake = []Script{
	{"passive open", `
		passive <WND=65535><MSS=1000><SACKOK><TS=0,0><WS=7>
		> <SEQ=1><ACK=1><DATA=100><CTL=ACK,PSH>
		< <SEQ=1><ACK=101><CTL=ACK>
		read 100
		write 100
		< <SEQ=1><ACK=101><DATA=100><CTL=ACK,PSH>
	`},
	{"active open", `
		active <WND=65535><MSS=1000><SACKOK><TS=0,0><WS=7>
		write 10
		< <SEQ=1><ACK=1><DATA=10><CTL=ACK,PSH>
	`},
	{"active open over IPv6", `
		config ipv6
		active <WND=65535><MSS=1000><SACKOK><TS=0,0><WS=7>
		write 10
		< <SEQ=1><ACK=1><DATA=10><CTL=ACK,PSH>
	`},
	{"passive open over IPv6", `
		config ipv6
		passive <WND=65535><MSS=1000><SACKOK><TS=0,0><WS=7>
		> <SEQ=1><ACK=1><DATA=100><CTL=ACK,PSH>
		< <SEQ=1><ACK=101><CTL=ACK>
	`},

	{"the first data completes the handshake", `
		listen
		> <SEQ=0><WND=1000><CTL=SYN><MSS=1000>
		< <SEQ=0><ACK=1><CTL=SYN,ACK>
		> <SEQ=1><ACK=1><DATA=100><CTL=ACK,PSH>
		< <SEQ=1><ACK=101><CTL=ACK>
		accept
		read 100
	`},
	{"the first data and FIN complete the handshake", `
		listen
		> <SEQ=0><WND=1000><CTL=SYN><MSS=1000>
		< <SEQ=0><ACK=1><CTL=SYN,ACK>
		> <SEQ=1><ACK=1><DATA=100><CTL=FIN,ACK,PSH>
		# Linux expects its application to close as well, with a FIN that carries the acknowledgment.
		ours:   < <SEQ=1><ACK=102><CTL=ACK>
		kernel: < 40ms <SEQ=1><ACK=102><CTL=ACK>
		accept
		state CLOSE-WAIT
		read 100
		eof
	`},
	{"data without the ACK of the SYN-ACK is not taken", `
		listen
		> <SEQ=0><WND=1000><CTL=SYN><MSS=1000>
		< <SEQ=0><ACK=1><CTL=SYN,ACK>
		> <SEQ=1><DATA=100><CTL=PSH>
		> <SEQ=1><ACK=1><CTL=ACK>
		accept
		readable 0
	`},

	{"a repeated SYN gets the SYN-ACK again, but not too often", `
		listen
		> <SEQ=0><WND=1000><CTL=SYN><MSS=1000>
		< <SEQ=0><ACK=1><CTL=SYN,ACK>
		> <SEQ=0><WND=1000><CTL=SYN><MSS=1000>
		< <SEQ=0><ACK=1><CTL=SYN,ACK>
		> <SEQ=0><WND=1000><CTL=SYN><MSS=1000>
		sleep 550ms
		> <SEQ=0><WND=1000><CTL=SYN><MSS=1000>
		< <SEQ=0><ACK=1><CTL=SYN,ACK>
		> <SEQ=1><ACK=1><CTL=ACK>
		accept
	`},
	{"SYN-ACKs are repeated after 1 and 2 seconds", `
		listen
		> <SEQ=0><WND=1000><CTL=SYN><MSS=1000><TS=0,0>
		< <SEQ=0><ACK=1><CTL=SYN,ACK>
		< 1s <SEQ=0><ACK=1><CTL=SYN,ACK>
		< 2s <SEQ=0><ACK=1><CTL=SYN,ACK>
		> <SEQ=1><ACK=1><CTL=ACK>
		accept
	`},
	{"SYNs are repeated after a second each", `
		connect
		< <SEQ=0><CTL=SYN>
		< 1s <SEQ=0><CTL=SYN>
		< 1s <SEQ=0><CTL=SYN>
		< 1s <SEQ=0><CTL=SYN>
		> <SEQ=0><ACK=1><WND=1000><CTL=SYN,ACK><MSS=1000>
		< <SEQ=1><ACK=1><CTL=ACK>
		state ESTABLISHED
	`},

	{"the text of a SYN is not taken", `
		listen
		> <SEQ=0><WND=1000><DATA=100><CTL=SYN><MSS=1000>
		< <SEQ=0><ACK=1><CTL=SYN,ACK>
		> <SEQ=1><ACK=1><CTL=ACK>
		accept
		readable 0
		> <SEQ=1><ACK=1><DATA=100><CTL=ACK,PSH>
		< <SEQ=1><ACK=101><CTL=ACK>
		read 100
	`},
	{"a SYN with FIN does not open", `
		listen
		> <SEQ=0><WND=1000><CTL=SYN,FIN><MSS=1000>
		> <SEQ=0><WND=1000><CTL=SYN><MSS=1000>
		< <SEQ=0><ACK=1><CTL=SYN,ACK>
	`},
	{"a SYN with urgent data and PSH opens", `
		listen
		> <SEQ=0><WND=1000><CTL=SYN,URG,PSH><URG=1><MSS=1000>
		< <SEQ=0><ACK=1><CTL=SYN,ACK>
	`},
	{"the text of a SYN-ACK", `
		connect
		< <SEQ=0><CTL=SYN>
		> <SEQ=0><ACK=1><WND=1000><DATA=100><CTL=SYN,ACK><MSS=1000>
		# RFC 9293, Section 3.10.7.3: "If there are other controls or text in the segment, then continue processing at the
		# sixth step". Linux waits for it to come again, unless it asked for Fast Open.
		ours:   < <SEQ=1><ACK=101><CTL=ACK>
		kernel: < <SEQ=1><ACK=1><CTL=ACK>
		kernel: > <SEQ=1><ACK=1><DATA=100><CTL=ACK>
		kernel: < <SEQ=1><ACK=101><CTL=ACK>
		read 100
	`},
	{"the FIN of a SYN-ACK", `
		connect
		< <SEQ=0><CTL=SYN>
		> <SEQ=0><ACK=1><WND=1000><CTL=SYN,ACK,FIN><MSS=1000>
		# RFC 9293, Section 3.10.7.3, as above.
		ours:   < <SEQ=1><ACK=2><CTL=ACK>
		kernel: < <SEQ=1><ACK=1><CTL=ACK>
		kernel: > <SEQ=1><ACK=1><CTL=FIN,ACK>
		kernel: < soon <SEQ=1><ACK=2><CTL=ACK>
		eof
	`},

	{"a listener's answers to what is no SYN", `
		listen
		> <SEQ=0><WND=1000><CTL=RST>
		> <SEQ=0><ACK=5><WND=1000><CTL=RST,ACK>
		> <SEQ=0><WND=1000><CTL=FIN>
		> <SEQ=0><WND=1000><DATA=10><CTL=PSH>
		> <SEQ=0><WND=1000>
		> <SEQ=0><WND=1000><CTL=SYN,RST>
		> <SEQ=7><ACK=5><WND=1000><CTL=ACK>
		< <SEQ=5><WND=0><CTL=RST>
		> <SEQ=7><ACK=5><WND=1000><CTL=FIN,ACK>
		< <SEQ=5><WND=0><CTL=RST>
		> <SEQ=7><ACK=5><WND=1000><CTL=SYN,ACK><MSS=1000>
		< <SEQ=5><WND=0><CTL=RST>
		> <SEQ=7><ACK=5><WND=1000><DATA=100><CTL=ACK>
		< <SEQ=5><WND=0><CTL=RST>
	`},
	{"a closed port's answers", `
		> <SEQ=0><WND=1000><CTL=SYN><MSS=1000>
		< <SEQ=0><ACK=1><WND=0><CTL=RST,ACK>
		> <SEQ=0><WND=1000><DATA=100><CTL=SYN><MSS=1000>
		< <SEQ=0><ACK=101><WND=0><CTL=RST,ACK>
		> <SEQ=0><WND=1000><DATA=100><CTL=SYN,FIN><MSS=1000>
		< <SEQ=0><ACK=102><WND=0><CTL=RST,ACK>
		> <SEQ=100><WND=1000><CTL=FIN>
		< <SEQ=0><ACK=101><WND=0><CTL=RST,ACK>
		> <SEQ=100><WND=1000>
		< <SEQ=0><ACK=100><WND=0><CTL=RST,ACK>
		> <SEQ=100><ACK=7><WND=1000><CTL=ACK>
		< <SEQ=7><WND=0><CTL=RST>
		> <SEQ=100><ACK=7><WND=1000><DATA=100><CTL=FIN,ACK>
		< <SEQ=7><WND=0><CTL=RST>
		> <SEQ=100><WND=1000><CTL=RST>
		> <SEQ=100><ACK=7><WND=1000><CTL=RST,ACK>
	`},
	// req: RFC7323 5.2-2, 5.2-3
	{"a closed port echoes timestamps", `
		> <SEQ=0><WND=1000><CTL=SYN><MSS=1000><TS=10,0>
		# RFC 7323, Section 5.2: "the <RST> should also contain a Timestamps option".
		ours:   < <SEQ=0><ACK=1><WND=0><CTL=RST,ACK><TS=0,10>
		kernel: < <SEQ=0><ACK=1><WND=0><CTL=RST,ACK><NOTS>
	`},

	{"SYN-SENT: an ACK of the wrong SYN is refused, and the SYN repeated soon", `
		connect
		< <SEQ=0><CTL=SYN>
		> <SEQ=0><ACK=2><WND=1000><CTL=SYN,ACK><MSS=1000>
		< <SEQ=2><WND=0><CTL=RST>
		< soon <SEQ=0><CTL=SYN>
		> <SEQ=0><ACK=0><WND=1000><CTL=SYN,ACK><MSS=1000>
		< <SEQ=0><WND=0><CTL=RST>
		> <SEQ=0><ACK=1><WND=1000><CTL=SYN,ACK><MSS=1000>
		< <SEQ=1><ACK=1><CTL=ACK>
	`},
	// req: RFC5961 3.2-6
	{"SYN-SENT: a RST with the ACK of the SYN refuses", `
		connect
		< <SEQ=0><CTL=SYN>
		> <SEQ=0><CTL=RST>
		> <SEQ=0><ACK=2><CTL=RST,ACK>
		> <SEQ=0><ACK=0><CTL=RST,ACK>
		> <SEQ=0><ACK=1><CTL=RST,ACK>
		state CLOSED
		error ECONNREFUSED
	`},
	{"SYN-SENT: what has no SYN is ignored", `
		connect
		< <SEQ=0><CTL=SYN>
		> <SEQ=0><ACK=1><WND=1000><CTL=ACK>
		> <SEQ=0><ACK=1><WND=1000><CTL=FIN,ACK>
		> <SEQ=0><WND=1000><DATA=10><CTL=PSH>
		> <SEQ=0><WND=1000><CTL=FIN>
		state SYN-SENT
		> <SEQ=0><ACK=1><WND=1000><CTL=SYN,ACK><MSS=1000>
		< <SEQ=1><ACK=1><CTL=ACK>
	`},

	// req: RFC9293 MUST-10
	{"simultaneous open, with crossing SYN-ACKs", `
		connect
		< <SEQ=0><CTL=SYN>
		> <SEQ=0><WND=1000><CTL=SYN><MSS=1000><SACKOK><WS=7><TS=0,0>
		< <SEQ=0><ACK=1><CTL=SYN,ACK>
		> <SEQ=0><ACK=1><WND=1000><CTL=SYN,ACK><MSS=1000><SACKOK><WS=7><TS=0,0>
		# RFC 9293, Section 3.5, Figure 7: each SYN-ACK acknowledges the other's SYN, and no more is said. To Linux the
		# repeated SYN is a duplicate.
		kernel: < <SEQ=1><ACK=1><CTL=ACK><SACK=0:1>
		state ESTABLISHED
		write 100
		< <SEQ=1><ACK=1><DATA=100><CTL=ACK,PSH>
	`},
	// req: RFC9293 MUST-10
	{"simultaneous open, completed by an ACK", `
		connect
		< <SEQ=0><CTL=SYN>
		> <SEQ=0><WND=1000><CTL=SYN><MSS=1000><SACKOK><WS=7><TS=0,0>
		< <SEQ=0><ACK=1><CTL=SYN,ACK>
		> <SEQ=1><ACK=1><CTL=ACK>
		state ESTABLISHED
		> <SEQ=1><ACK=1><DATA=100><CTL=ACK>
		< <SEQ=1><ACK=101><CTL=ACK>
	`},
	// req: RFC9293 MUST-11
	{"simultaneous open, refused", `
		connect
		< <SEQ=0><CTL=SYN>
		> <SEQ=0><WND=1000><CTL=SYN><MSS=1000>
		# RFC 7323, Section 2.2: a SYN-ACK offers what the SYN did. Linux repeats its own SYN's offer.
		ours:   < <SEQ=0><ACK=1><CTL=SYN,ACK><NOTS>
		kernel: < <SEQ=0><ACK=1><CTL=SYN,ACK><WS=7><SACKOK>
		> <SEQ=1><ACK=1><CTL=RST,ACK>
		state CLOSED
		# RFC 9293, Section 3.10.7.4: "If this connection was initiated with an active OPEN … the connection was refused".
		ours:   error ECONNREFUSED
		kernel: error ECONNRESET
	`},

	{"a full SYN queue: cookies keep the options", `
		config backlog=1
		listen
		> <SEQ=0><WND=1000><CTL=SYN><MSS=1000>
		< <SEQ=0><ACK=1><CTL=SYN,ACK>
		flow 1
		> <SEQ=0><WND=1000><CTL=SYN><MSS=1000>
		< <SEQ=0><ACK=1><CTL=SYN,ACK>
		flow 2
		> <SEQ=0><WND=1000><CTL=SYN><MSS=1460><SACKOK><TS=0,0><WS=3>
		< <SEQ=0><ACK=1><CTL=SYN,ACK><MSS=1460><SACKOK><WS=7>
		> <SEQ=1><ACK=1><CTL=ACK>
		accept
		> <SEQ=101><ACK=1><DATA=100><CTL=ACK>
		< <SEQ=1><ACK=1><CTL=ACK><SACK=101:201>
		write 5000
		< <SEQ=1><ACK=1><DATA=1436><CTL=ACK><SACK=101:201>
		ignore
	`},
	{"SYN-RECEIVED: an ACK of the wrong SYN-ACK is refused", `
		listen
		> <SEQ=0><WND=1000><CTL=SYN><MSS=1000>
		< <SEQ=0><ACK=1><CTL=SYN,ACK>
		> <SEQ=1><ACK=2><CTL=ACK>
		< <SEQ=2><WND=0><CTL=RST>
		> <SEQ=1><ACK=0><CTL=ACK>
		< <SEQ=0><WND=0><CTL=RST>
		> <SEQ=1><ACK=1><CTL=ACK>
		accept
	`},
	{"SYN-RECEIVED: a RST returns to LISTEN", `
		listen
		> <SEQ=0><WND=1000><CTL=SYN><MSS=1000>
		< <SEQ=0><ACK=1><CTL=SYN,ACK>
		> <SEQ=1><CTL=RST>
		> <SEQ=1><ACK=1><CTL=ACK>
		< <SEQ=1><WND=0><CTL=RST>
	`},
	{"SYN-RECEIVED: a RST beyond RCV.NXT is challenged", `
		listen
		> <SEQ=0><WND=1000><CTL=SYN><MSS=1000>
		< <SEQ=0><ACK=1><CTL=SYN,ACK>
		> <SEQ=100><CTL=RST>
		< <SEQ=1><ACK=1><CTL=ACK>
		> <SEQ=1><ACK=1><CTL=ACK>
		accept
	`},
	{"SYN-RECEIVED: a SYN in the window is challenged", `
		listen
		> <SEQ=0><WND=1000><CTL=SYN><MSS=1000>
		< <SEQ=0><ACK=1><CTL=SYN,ACK>
		> <SEQ=100><WND=1000><CTL=SYN>
		# RFC 5961, Section 4.2, for a connection that is not established yet too. RFC 9293, Section 3.10.7.4 would return to
		# LISTEN, which leaves it to anybody to break a handshake. Linux does, and sends a RST.
		ours:   < <SEQ=1><ACK=1><CTL=ACK>
		ours:   > <SEQ=1><ACK=1><CTL=ACK>
		ours:   accept
		kernel: < <SEQ=ZERO><ACK=101><WND=0><CTL=RST,ACK>
	`},
	{"SYN-RECEIVED: what lies outside of the window is answered with an ACK", `
		listen
		> <SEQ=0><WND=1000><CTL=SYN><MSS=1000>
		< <SEQ=0><ACK=1><CTL=SYN,ACK>
		> <SEQ=-100><ACK=1><CTL=ACK>
		< <SEQ=1><ACK=1><CTL=ACK>
		> <SEQ=1><ACK=1><CTL=ACK>
		accept
	`},
}
