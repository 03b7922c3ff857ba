package lockstep

// receive is about data that arrives.
var receive = []Script{
	// req: RFC2018 4-1, 4-3, 4-4, 4-5, RFC5681 3.2-1, 3.2-2, 4.2-5, 4.2-7, RFC9293 SHLD-31
	{"data out of order draws duplicate ACKs with SACK blocks", `
		passive <WND=65535><MSS=1000><SACKOK>
		> <SEQ=101><ACK=1><DATA=100><CTL=ACK>
		< <SEQ=1><ACK=1><CTL=ACK><SACK=101:201>
		> <SEQ=301><ACK=1><DATA=100><CTL=ACK>
		< <SEQ=1><ACK=1><CTL=ACK><SACK=301:401,101:201>
		> <SEQ=201><ACK=1><DATA=100><CTL=ACK>
		< <SEQ=1><ACK=1><CTL=ACK><SACK=101:401>
		> <SEQ=1><ACK=1><DATA=100><CTL=ACK>
		< <SEQ=1><ACK=401><CTL=ACK>
		read 400
	`},
	// req: RFC2018 4-2
	{"without SACK they are plain", `
		passive <WND=65535><MSS=1000>
		> <SEQ=101><ACK=1><DATA=100><CTL=ACK>
		< <SEQ=1><ACK=1><CTL=ACK>
		> <SEQ=201><ACK=1><DATA=100><CTL=ACK>
		< <SEQ=1><ACK=1><CTL=ACK>
		> <SEQ=1><ACK=1><DATA=100><CTL=ACK>
		< <SEQ=1><ACK=301><CTL=ACK>
		read 300
	`},
	// req: RFC2018 4-6, 4-7
	{"the newest four ranges are told", `
		passive <WND=65535><MSS=1000><SACKOK>
		> <SEQ=101><ACK=1><DATA=10><CTL=ACK>
		< <SEQ=1><ACK=1><CTL=ACK><SACK=101:111>
		> <SEQ=201><ACK=1><DATA=10><CTL=ACK>
		< <SEQ=1><ACK=1><CTL=ACK><SACK=201:211,101:111>
		> <SEQ=301><ACK=1><DATA=10><CTL=ACK>
		< <SEQ=1><ACK=1><CTL=ACK><SACK=301:311,201:211,101:111>
		> <SEQ=401><ACK=1><DATA=10><CTL=ACK>
		< <SEQ=1><ACK=1><CTL=ACK><SACK=401:411,301:311,201:211,101:111>
		> <SEQ=501><ACK=1><DATA=10><CTL=ACK>
		< <SEQ=1><ACK=1><CTL=ACK><SACK=501:511,401:411,301:311,201:211>
		> <SEQ=1><ACK=1><DATA=100><CTL=ACK>
		< <SEQ=1><ACK=111><CTL=ACK><SACK=501:511,401:411,301:311,201:211>
	`},
	{"beside timestamps three", `
		passive <WND=65535><MSS=1000><SACKOK><TS=0,0>
		> <SEQ=101><ACK=1><DATA=10><CTL=ACK>
		< <SEQ=1><ACK=1><CTL=ACK><SACK=101:111>
		> <SEQ=201><ACK=1><DATA=10><CTL=ACK>
		< <SEQ=1><ACK=1><CTL=ACK><SACK=201:211,101:111>
		> <SEQ=301><ACK=1><DATA=10><CTL=ACK>
		< <SEQ=1><ACK=1><CTL=ACK><SACK=301:311,201:211,101:111>
		> <SEQ=401><ACK=1><DATA=10><CTL=ACK>
		< <SEQ=1><ACK=1><CTL=ACK><SACK=401:411,301:311,201:211>
	`},
	// req: RFC2018 4-5, 8-1
	{"the last range that grew comes first", `
		passive <WND=65535><MSS=1000><SACKOK>
		> <SEQ=101><ACK=1><DATA=10><CTL=ACK>
		< <SEQ=1><ACK=1><CTL=ACK><SACK=101:111>
		> <SEQ=201><ACK=1><DATA=10><CTL=ACK>
		< <SEQ=1><ACK=1><CTL=ACK><SACK=201:211,101:111>
		> <SEQ=111><ACK=1><DATA=10><CTL=ACK>
		< <SEQ=1><ACK=1><CTL=ACK><SACK=101:121,201:211>
		> <SEQ=191><ACK=1><DATA=10><CTL=ACK>
		< <SEQ=1><ACK=1><CTL=ACK><SACK=191:211,101:121>
	`},
	// req: RFC5681 4.2-8
	{"a hole filled in part", `
		passive <WND=65535><MSS=1000><SACKOK>
		> <SEQ=201><ACK=1><DATA=100><CTL=ACK>
		< <SEQ=1><ACK=1><CTL=ACK><SACK=201:301>
		> <SEQ=1><ACK=1><DATA=100><CTL=ACK>
		< <SEQ=1><ACK=101><CTL=ACK><SACK=201:301>
		> <SEQ=101><ACK=1><DATA=100><CTL=ACK>
		< <SEQ=1><ACK=301><CTL=ACK>
	`},

	// req: RFC2883 4-1, 4-2, 4-3
	{"DSACK: a segment that came before", `
		passive <WND=65535><MSS=1000><SACKOK>
		> <SEQ=1><ACK=1><DATA=100><CTL=ACK>
		< <SEQ=1><ACK=101><CTL=ACK>
		> <SEQ=1><ACK=1><DATA=100><CTL=ACK>
		< <SEQ=1><ACK=101><CTL=ACK><SACK=1:101>
	`},
	{"DSACK: a segment that came before in part", `
		passive <WND=65535><MSS=1000><SACKOK>
		> <SEQ=1><ACK=1><DATA=100><CTL=ACK>
		< <SEQ=1><ACK=101><CTL=ACK>
		> <SEQ=51><ACK=1><DATA=100><CTL=ACK>
		< <SEQ=1><ACK=151><CTL=ACK><SACK=51:101>
		read 150
	`},
	{"DSACK: a segment beyond the hole, again", `
		passive <WND=65535><MSS=1000><SACKOK>
		> <SEQ=101><ACK=1><DATA=100><CTL=ACK>
		< <SEQ=1><ACK=1><CTL=ACK><SACK=101:201>
		> <SEQ=101><ACK=1><DATA=100><CTL=ACK>
		< <SEQ=1><ACK=1><CTL=ACK><SACK=101:201,101:201>
	`},
	// req: RFC2883 4-4, 4-5
	{"DSACK: half of a range beyond the hole, again", `
		passive <WND=65535><MSS=1000><SACKOK>
		> <SEQ=101><ACK=1><DATA=200><CTL=ACK>
		< <SEQ=1><ACK=1><CTL=ACK><SACK=101:301>
		> <SEQ=151><ACK=1><DATA=50><CTL=ACK>
		< <SEQ=1><ACK=1><CTL=ACK><SACK=151:201,101:301>
	`},
	{"overlapping segments beyond the hole", `
		passive <WND=65535><MSS=1000><SACKOK>
		> <SEQ=101><ACK=1><DATA=100><CTL=ACK>
		< <SEQ=1><ACK=1><CTL=ACK><SACK=101:201>
		> <SEQ=151><ACK=1><DATA=100><CTL=ACK>
		< <SEQ=1><ACK=1><CTL=ACK><SACK=151:201,101:251>
		> <SEQ=51><ACK=1><DATA=300><CTL=ACK>
		< <SEQ=1><ACK=1><CTL=ACK><SACK=101:251,51:351>
		> <SEQ=1><ACK=1><DATA=100><CTL=ACK>
		< <SEQ=1><ACK=351><CTL=ACK><SACK=51:101>
		read 350
	`},
	{"without SACK a duplicate is only acknowledged", `
		passive <WND=65535><MSS=1000>
		> <SEQ=1><ACK=1><DATA=100><CTL=ACK>
		< <SEQ=1><ACK=101><CTL=ACK>
		> <SEQ=1><ACK=1><DATA=100><CTL=ACK>
		< <SEQ=1><ACK=101><CTL=ACK>
	`},

	{"the peer's probes and keep-alives are answered", `
		passive <WND=65535><MSS=1000>
		> <SEQ=0><ACK=1><CTL=ACK>
		< <SEQ=1><ACK=1><CTL=ACK>
	`},
	{"a keep-alive with a byte of old data", `
		passive <WND=65535><MSS=1000><SACKOK>
		> <SEQ=1><ACK=1><DATA=100><CTL=ACK>
		< <SEQ=1><ACK=101><CTL=ACK>
		> <SEQ=100><ACK=1><DATA=1><CTL=ACK>
		< <SEQ=1><ACK=101><CTL=ACK><SACK=100:101>
	`},
	// req: RFC5961 7-1
	{"answers to empty segments outside of the window are few", `
		passive <WND=65535><MSS=1000>
		> <SEQ=0><ACK=1><CTL=ACK>
		< <SEQ=1><ACK=1><CTL=ACK>
		> <SEQ=0><ACK=1><CTL=ACK>
		> <SEQ=-5><ACK=1><CTL=ACK>
		> <SEQ=EDGE+1><ACK=1><CTL=ACK>
		sleep 550ms
		> <SEQ=0><ACK=1><CTL=ACK>
		< <SEQ=1><ACK=1><CTL=ACK>
	`},
	{"an empty segment at the right edge of the window is taken", `
		passive <WND=65535><MSS=1000>
		> <SEQ=EDGE><ACK=1><CTL=ACK>
		> <SEQ=EDGE+1><ACK=1><CTL=ACK>
		< <SEQ=1><ACK=1><CTL=ACK>
	`},

	{"data beyond the window", `
		passive <WND=65535><MSS=1000><SACKOK>
		> <SEQ=EDGE><ACK=1><DATA=100><CTL=ACK>
		< <SEQ=1><ACK=1><CTL=ACK>
		> <SEQ=EDGE+1000><ACK=1><DATA=100><CTL=ACK>
		< <SEQ=1><ACK=1><CTL=ACK>
	`},
	{"data across the right edge of the window", `
		passive <WND=65535><MSS=1000><SACKOK>
		> <SEQ=EDGE-50><ACK=1><DATA=100><CTL=ACK>
		# RFC 9293, Section 3.10.7.4: "trimming off any portions that lie outside the window". Linux has room.
		ours:   < <SEQ=1><ACK=1><CTL=ACK><SACK=EDGE-50:EDGE>
		kernel: < <SEQ=1><ACK=1><CTL=ACK><SACK=EDGE-50:EDGE+50>
	`},
	{"data in order may fill the window to its edge", `
		passive <WND=65535><MSS=1000><SACKOK>
		fill 1000
		> <SEQ=NXT><ACK=1><DATA=1><CTL=ACK>
		< <SEQ=1><ACK=NXT><WND=0><CTL=ACK>
		> <SEQ=NXT-1><ACK=1><CTL=ACK>
		< <SEQ=1><ACK=NXT><WND=0><CTL=ACK>
	`},

	{"text without ACK is not taken", `
		passive <WND=65535><MSS=1000>
		> <SEQ=1><DATA=100><CTL=PSH>
		> <SEQ=1><ACK=1><DATA=100><CTL=ACK,PSH>
		< <SEQ=1><ACK=101><CTL=ACK>
		readable 100
	`},
	// req: RFC9293 MUST-30, MUST-31
	{"urgent data stays in the stream", `
		passive <WND=65535><MSS=1000>
		> <SEQ=1><ACK=1><DATA=100><CTL=ACK,URG><URG=100>
		< <SEQ=1><ACK=101><CTL=ACK>
	`},
	{"an urgent pointer without data", `
		passive <WND=65535><MSS=1000>
		> <SEQ=1><ACK=1><CTL=ACK,URG><URG=100>
		> <SEQ=1><ACK=1><DATA=100><CTL=ACK>
		< <SEQ=1><ACK=101><CTL=ACK>
	`},
}
