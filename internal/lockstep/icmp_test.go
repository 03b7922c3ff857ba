package lockstep

// icmp is about messages that tell of packets lost on the way (RFC 5461, RFC 5927, RFC 1191).
var icmp = []Script{
	{"a packet too big: what was lost is sent again, in smaller segments", `
		passive <WND=65535><MSS=1460> rtt=100ms
		write 2920
		< <SEQ=1><ACK=1><DATA=1460><CTL=ACK>
		< <SEQ=1461><ACK=1><DATA=1460><CTL=ACK,PSH>
		sleep 50ms
		icmp 4 1040 1
		< <SEQ=1><ACK=1><DATA=1000><CTL=ACK>
		# Ours cuts the stream anew, Linux each of its packets.
		ours:   < <SEQ=1001><ACK=1><DATA=1000><CTL=ACK>
		ours:   < <SEQ=2001><ACK=1><DATA=920><CTL=ACK,PSH>
		kernel: < <SEQ=1001><ACK=1><DATA=460><CTL=ACK>
		kernel: < <SEQ=1461><ACK=1><DATA=1000><CTL=ACK>
		kernel: < <SEQ=2461><ACK=1><DATA=460><CTL=ACK,PSH>
		> <SEQ=1><ACK=2921><CTL=ACK>
		write 2000
		< <SEQ=2921><ACK=1><DATA=1000><CTL=ACK>
		< <SEQ=3921><ACK=1><DATA=1000><CTL=ACK,PSH>
	`},
	{"a packet too big: not about anything in flight", `
		passive <WND=65535><MSS=1460> rtt=100ms
		write 1460
		< <SEQ=1><ACK=1><DATA=1460><CTL=ACK,PSH>
		> <SEQ=1><ACK=1461><CTL=ACK>
		icmp 4 1040 1
		icmp 4 1040 5000
		write 1460
		< <SEQ=1461><ACK=1><DATA=1460><CTL=ACK,PSH>
	`},
	{"a packet too big: less than the smallest believed", `
		passive <WND=65535><MSS=1460> rtt=100ms
		write 1460
		< <SEQ=1><ACK=1><DATA=1460><CTL=ACK,PSH>
		sleep 50ms
		icmp 4 68 1
		# DF stays. Linux lets what is below its least be fragmented.
		ours:   < <SEQ=1><ACK=1><DATA=512><CTL=ACK> x2
		ours:   < <SEQ=1025><ACK=1><DATA=436><CTL=ACK,PSH>
		kernel: < <SEQ=1><ACK=1><DATA=512><CTL=ACK> x2
		kernel: < <SEQ=1025><ACK=1><DATA=436><CTL=ACK,PSH>
	`},
	// req: RFC9293 MUST-56
	{"no way there, while connecting", `
		connect
		< <SEQ=0><CTL=SYN>
		icmp 1 0 0
		# RFC 9293, Section 3.9.2.2: soft errors "MUST NOT abort the connection (MUST-56)".
		ours:   state SYN-SENT
		kernel: state CLOSED
		kernel: error EHOSTUNREACH
	`},
	{"no such port, while connecting", `
		connect
		< <SEQ=0><CTL=SYN>
		icmp 3 0 0
		state CLOSED
		error ECONNREFUSED
	`},
	{"no way there, about another SYN", `
		connect
		< <SEQ=0><CTL=SYN>
		icmp 1 0 1000
		state SYN-SENT
	`},
	{"no way there, once connected", `
		passive <WND=65535><MSS=1000> rtt=100ms
		write 1000
		< <SEQ=1><ACK=1><DATA=1000><CTL=ACK,PSH>
		icmp 1 0 1
		state ESTABLISHED
		icmp 3 0 1
		state ESTABLISHED
		> <SEQ=1><ACK=1001><CTL=ACK>
	`},
}
