package lockstep

// timestamps is about the timestamps option.
var timestamps = []Script{
	// req: RFC7323 5.3-1, 5.3-2
	{"PAWS: old data is not taken", `
		passive <WND=65535><MSS=1000><TS=1000,0>
		> <SEQ=1><ACK=1><DATA=100><CTL=ACK><TS=0,0>
		< <SEQ=1><ACK=1><CTL=ACK>
		> <SEQ=1><ACK=1><DATA=100><CTL=ACK><TS=1000,0>
		< <SEQ=1><ACK=101><CTL=ACK>
	`},
	{"PAWS: a tick older", `
		passive <WND=65535><MSS=1000><TS=1000,0>
		> <SEQ=1><ACK=1><DATA=100><CTL=ACK><TS=999,0>
		# RFC 7323, Section 5.3: "If … SEG.TSval < TS.Recent … treat the arriving segment as not acceptable". Linux lets a
		# difference of one pass.
		ours:   < <SEQ=1><ACK=1><CTL=ACK>
		kernel: < <SEQ=1><ACK=101><CTL=ACK>
	`},
	{"PAWS: an original that comes late behind a hole", `
		passive <WND=65535><MSS=1000><SACKOK><TS=1000,0>
		> <SEQ=301><ACK=1><DATA=100><CTL=ACK><TS=1010,0>
		< <SEQ=1><ACK=1><CTL=ACK><SACK=301:401>
		> <SEQ=1><ACK=1><DATA=100><CTL=ACK><TS=1050,0>
		< <SEQ=1><ACK=101><CTL=ACK><TS=0,1050><SACK=301:401>
		> <SEQ=201><ACK=1><DATA=100><CTL=ACK><TS=1010,0>
		# docs/decisions/0012: it is younger than any duplicate from before the numbers wrapped. RFC 7323, Section 5.3 and Linux
		# drop it.
		ours:   < <SEQ=1><ACK=101><CTL=ACK><TS=0,1050><SACK=201:401>
		kernel: < <SEQ=1><ACK=101><CTL=ACK><TS=0,1050><SACK=301:401>
	`},
	{"PAWS: half of the range back is old, and beyond is new", `
		passive <WND=65535><MSS=1000><TS=1000,0>
		> <SEQ=1><ACK=1><DATA=100><CTL=ACK><TS=-2147482647,0>
		< <SEQ=1><ACK=1><CTL=ACK>
		> <SEQ=1><ACK=1><DATA=100><CTL=ACK><TS=-2147482649,0>
		< <SEQ=1><ACK=101><CTL=ACK>
	`},
	{"PAWS: an old FIN is not taken", `
		passive <WND=65535><MSS=1000><TS=1000,0>
		> <SEQ=1><ACK=1><CTL=FIN,ACK><TS=0,0>
		< <SEQ=1><ACK=1><CTL=ACK>
		state ESTABLISHED
	`},
	{"PAWS: an old SYN", `
		passive <WND=65535><MSS=1000><TS=1000,0>
		> <SEQ=1><CTL=SYN><MSS=1000><TS=0,0>
		< <SEQ=1><ACK=1><CTL=ACK>
		state ESTABLISHED
	`},
	{"PAWS: old acknowledgments of nothing new", `
		passive <WND=65535><MSS=1000><TS=1000,0>
		> <SEQ=1><ACK=1><CTL=ACK><TS=0,0>
		< <SEQ=1><ACK=1><CTL=ACK>
		> <SEQ=1><ACK=1><CTL=ACK><TS=0,0>
	`},
	{"PAWS: an acknowledgment of nothing new that is a little older", `
		passive <WND=65535><MSS=1000><TS=1000,0>
		> <SEQ=1><ACK=1><CTL=ACK><TS=990,0>
		# RFC 7323, Section 5.3, R1: "Send an acknowledgment in reply". Linux, too, takes it for one that was overtaken.
	`},
	{"PAWS: an old acknowledgment of data in flight", `
		passive <WND=65535><MSS=1000><TS=1000,0> rtt=100ms
		write 100
		< <SEQ=1><ACK=1><DATA=100><CTL=ACK,PSH>
		> <SEQ=1><ACK=101><CTL=ACK><TS=0,0>
		< <SEQ=101><ACK=1><CTL=ACK>
	`},
	{"PAWS: a duplicate of old data with an old timestamp", `
		passive <WND=65535><MSS=1000><SACKOK><TS=1000,0>
		> <SEQ=1><ACK=1><DATA=100><CTL=ACK><TS=1001,0>
		< <SEQ=1><ACK=101><CTL=ACK>
		> <SEQ=1><ACK=1><DATA=100><CTL=ACK><TS=0,0>
		< <SEQ=1><ACK=101><CTL=ACK><SACK=1:101>
	`},
	// req: RFC7323 3.2-4, 3.2-8
	{"a segment without the option is taken", `
		passive <WND=65535><MSS=1000><TS=0,0>
		> <SEQ=1><ACK=1><DATA=100><CTL=ACK><NOTS>
		< <SEQ=1><ACK=101><CTL=ACK>
		write 100
		< <SEQ=1><ACK=101><DATA=100><CTL=ACK,PSH>
		> <SEQ=101><ACK=101><CTL=ACK><NOTS>
		readable 100
	`},
	{"a handshake's last ACK without the option", `
		listen
		> <SEQ=0><WND=1000><CTL=SYN><MSS=1000><TS=0,0>
		< <SEQ=0><ACK=1><CTL=SYN,ACK>
		> <SEQ=1><ACK=1><CTL=ACK><NOTS>
		accept
		> <SEQ=1><ACK=1><DATA=100><CTL=ACK><NOTS>
		< <SEQ=1><ACK=101><CTL=ACK>
	`},
	// req: RFC7323 3.2-9
	{"the option without having been agreed on", `
		passive <WND=65535><MSS=1000>
		> <SEQ=1><ACK=1><DATA=100><CTL=ACK><TS=1000,0>
		< <SEQ=1><ACK=101><CTL=ACK>
		> <SEQ=101><ACK=1><DATA=100><CTL=ACK><TS=0,0>
		< <SEQ=1><ACK=201><CTL=ACK>
	`},

	// req: RFC7323 4.3-2, 4.3-3, 3.2-2
	{"what is echoed: not the timestamp of data out of order", `
		passive <WND=65535><MSS=1000><SACKOK><TS=0,0>
		> <SEQ=101><ACK=1><DATA=100><CTL=ACK><TS=10,0>
		< <SEQ=1><ACK=1><CTL=ACK><TS=0,0><SACK=101:201>
		> <SEQ=201><ACK=1><DATA=100><CTL=ACK><TS=20,0>
		< <SEQ=1><ACK=1><CTL=ACK><TS=0,0><SACK=101:301>
		> <SEQ=1><ACK=1><DATA=100><CTL=ACK><TS=30,0>
		< <SEQ=1><ACK=301><CTL=ACK><TS=0,30>
	`},
	{"what is echoed: that of a duplicate, if it is newer", `
		passive <WND=65535><MSS=1000><SACKOK><TS=0,0>
		> <SEQ=1><ACK=1><DATA=100><CTL=ACK><TS=10,0>
		< <SEQ=1><ACK=101><CTL=ACK>
		> <SEQ=1><ACK=1><DATA=100><CTL=ACK><TS=20,0>
		# RFC 7323, Section 5.3: what is outside of the window is rejected (R2) before its timestamp is looked at (R3).
		ours:   < <SEQ=1><ACK=101><CTL=ACK><TS=0,10><SACK=1:101>
		kernel: < <SEQ=1><ACK=101><CTL=ACK><SACK=1:101>
		> <SEQ=101><ACK=1><DATA=100><CTL=ACK><TS=30,0>
		< <SEQ=1><ACK=201><CTL=ACK>
	`},
	{"what is echoed: that of the last keep-alive", `
		passive <WND=65535><MSS=1000><TS=0,0>
		> <SEQ=0><ACK=1><CTL=ACK><TS=10,0>
		< <SEQ=1><ACK=1><CTL=ACK>
		> <SEQ=1><ACK=1><DATA=100><CTL=ACK><TS=20,0>
		< <SEQ=1><ACK=101><CTL=ACK>
	`},
}
