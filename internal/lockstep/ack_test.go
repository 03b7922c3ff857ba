package lockstep

// acks is about when data is acknowledged.
var acks = []Script{
	{"the first are acknowledged at once", `
		passive <WND=65535><MSS=1000>
		quick 16 100
	`},
	// req: RFC9293 SHLD-18, MUST-40, RFC5681 4.2-1, 4.2-2, 4.2-4
	{"later ones after 40 ms", `
		passive <WND=65535><MSS=1000>
		quick 16 100
		> <SEQ=1601><ACK=1><DATA=100><CTL=ACK>
		< 40ms <SEQ=1><ACK=1701><CTL=ACK>
		> <SEQ=1701><ACK=1><DATA=100><CTL=ACK>
		< 40ms <SEQ=1><ACK=1801><CTL=ACK>
	`},
	// req: RFC9293 SHLD-19, RFC5681 4.2-3
	{"the second full one at once", `
		passive <WND=65535><MSS=1460>
		# Linux's quick start lasts for half of the window that it offered, ours for 16 segments.
		ours:   quick 16 1460
		kernel: quick 22 1460
		> <SEQ=NXT><ACK=1><DATA=1460><CTL=ACK>
		read 1460
		> <SEQ=NXT+1460><ACK=1><DATA=1460><CTL=ACK>
		< <SEQ=1><ACK=NXT+2920><CTL=ACK>
		read 1460
		> <SEQ=NXT+2920><ACK=1><DATA=1460><CTL=ACK>
		read 1460
		> <SEQ=NXT+4380><ACK=1><DATA=1460><CTL=ACK>
		< <SEQ=1><ACK=NXT+5840><CTL=ACK>
		read 1460
		> <SEQ=NXT+5840><ACK=1><DATA=1460><CTL=ACK>
		read 1460
		< 40ms <SEQ=1><ACK=NXT+7300><CTL=ACK>
	`},
	{"the second full one, while nobody reads", `
		passive <WND=65535><MSS=1000>
		quick 16 100
		> <SEQ=1601><ACK=1><DATA=1000><CTL=ACK>
		> <SEQ=2601><ACK=1><DATA=1000><CTL=ACK>
		# RFC 9293, Section 3.8.6.3: "An ACK SHOULD be generated for at least every second full-sized segment". Linux delays
		# it while the window does not move.
		ours:   < <SEQ=1><ACK=3601><CTL=ACK>
		kernel: < 40ms <SEQ=1><ACK=3601><CTL=ACK>
	`},
	{"data that leaves carries the acknowledgment", `
		passive <WND=65535><MSS=1000>
		quick 16 100
		> <SEQ=1601><ACK=1><DATA=100><CTL=ACK>
		write 100
		< <SEQ=1><ACK=1701><DATA=100><CTL=ACK,PSH>
		> <SEQ=1701><ACK=101><CTL=ACK>
	`},
	{"a conversation needs no acknowledgments of its own", `
		passive <WND=65535><MSS=1000>
		> <SEQ=1><ACK=1><DATA=100><CTL=ACK,PSH>
		< <SEQ=1><ACK=101><CTL=ACK>
		read 100
		write 100
		< <SEQ=1><ACK=101><DATA=100><CTL=ACK,PSH>
		> <SEQ=101><ACK=101><DATA=100><CTL=ACK,PSH>
		read 100
		write 100
		< <SEQ=101><ACK=201><DATA=100><CTL=ACK,PSH>
		> <SEQ=201><ACK=201><DATA=100><CTL=ACK,PSH>
		read 100
		< 40ms <SEQ=201><ACK=301><CTL=ACK>
	`},
	{"quick ACKs on demand", `
		passive <WND=65535><MSS=1000>
		quick 16 100
		set quickack 1
		> <SEQ=1601><ACK=1><DATA=100><CTL=ACK>
		# Linux's option lasts no longer than the quick start, or until data goes both ways.
		ours:   < <SEQ=1><ACK=1701><CTL=ACK>
		kernel: < 40ms <SEQ=1><ACK=1701><CTL=ACK>
	`},
	{"data out of order is acknowledged at once when others are not", `
		passive <WND=65535><MSS=1000>
		quick 16 100
		> <SEQ=1701><ACK=1><DATA=100><CTL=ACK>
		< <SEQ=1><ACK=1601><CTL=ACK>
		> <SEQ=1601><ACK=1><DATA=100><CTL=ACK>
		< <SEQ=1><ACK=1801><CTL=ACK>
	`},
	{"a hole filled in part too", `
		passive <WND=65535><MSS=1000>
		quick 16 100
		> <SEQ=1801><ACK=1><DATA=100><CTL=ACK>
		< <SEQ=1><ACK=1601><CTL=ACK>
		> <SEQ=1601><ACK=1><DATA=100><CTL=ACK>
		< <SEQ=1><ACK=1701><CTL=ACK>
	`},
	{"a duplicate too", `
		passive <WND=65535><MSS=1000>
		quick 16 100
		> <SEQ=1501><ACK=1><DATA=100><CTL=ACK>
		< <SEQ=1><ACK=1601><CTL=ACK>
	`},
	{"after an active open", `
		active <WND=65535><MSS=1000>
		> <SEQ=1><ACK=1><DATA=100><CTL=ACK>
		< <SEQ=1><ACK=101><CTL=ACK>
		write 100
		< <SEQ=1><ACK=101><DATA=100><CTL=ACK,PSH>
	`},
	{"after a pause at once again", `
		passive <WND=65535><MSS=1000>
		quick 16 100
		> <SEQ=NXT><ACK=1><DATA=100><CTL=ACK>
		< 40ms <SEQ=1><ACK=NXT+100><CTL=ACK>
		sleep 1200ms
		> <SEQ=NXT+100><ACK=1><DATA=100><CTL=ACK>
		< <SEQ=1><ACK=NXT+200><CTL=ACK>
		> <SEQ=NXT+200><ACK=1><DATA=100><CTL=ACK>
		< <SEQ=1><ACK=NXT+300><CTL=ACK>
	`},
	{"after a duplicate at once again", `
		passive <WND=65535><MSS=1000>
		quick 16 100
		> <SEQ=NXT-100><ACK=1><DATA=100><CTL=ACK>
		< <SEQ=1><ACK=NXT><CTL=ACK>
		> <SEQ=NXT><ACK=1><DATA=100><CTL=ACK>
		< <SEQ=1><ACK=NXT+100><CTL=ACK>
		> <SEQ=NXT+100><ACK=1><DATA=100><CTL=ACK>
		< <SEQ=1><ACK=NXT+200><CTL=ACK>
	`},
	{"after data out of order not", `
		passive <WND=65535><MSS=1000>
		quick 16 100
		> <SEQ=NXT+100><ACK=1><DATA=100><CTL=ACK>
		< <SEQ=1><ACK=NXT><CTL=ACK>
		> <SEQ=NXT><ACK=1><DATA=100><CTL=ACK>
		< <SEQ=1><ACK=NXT+200><CTL=ACK>
		> <SEQ=NXT+200><ACK=1><DATA=100><CTL=ACK>
		< 40ms <SEQ=1><ACK=NXT+300><CTL=ACK>
	`},
	{"what was pushed is acknowledged when it is read", `
		passive <WND=65535><MSS=1000>
		quick 16 100
		> <SEQ=NXT><ACK=1><DATA=100><CTL=ACK,PSH>
		read 100
		< <SEQ=1><ACK=NXT+100><CTL=ACK>
		> <SEQ=NXT+100><ACK=1><DATA=100><CTL=ACK>
		read 100
		< 40ms <SEQ=1><ACK=NXT+200><CTL=ACK>
	`},
	{"a conversation that ends", `
		passive <WND=65535><MSS=1000>
		> <SEQ=1><ACK=1><DATA=100><CTL=ACK,PSH>
		< <SEQ=1><ACK=101><CTL=ACK>
		read 100
		write 100
		< <SEQ=1><ACK=101><DATA=100><CTL=ACK,PSH>
		> <SEQ=101><ACK=101><DATA=100><CTL=ACK,PSH>
		> <SEQ=201><ACK=101><DATA=100><CTL=ACK,PSH>
		< 40ms <SEQ=101><ACK=301><CTL=ACK>
		> <SEQ=301><ACK=101><DATA=100><CTL=ACK,PSH>
		< <SEQ=101><ACK=401><CTL=ACK>
	`},
}
