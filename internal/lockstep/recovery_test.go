package lockstep

// recovery is about what follows a retransmission.
var recovery = []Script{
	{"fast recovery: the window goes down to seven tenths, in proportion to what is delivered", `
		passive <WND=65535><MSS=1000><SACKOK> rtt=100ms
		write 30000
		< <SEQ=1><ACK=1><DATA=1000><CTL=ACK> x10
		sleep 100ms
		> <SEQ=1><ACK=1><CTL=ACK><SACK=1001:2001>
		< <SEQ=10001><ACK=1><DATA=1000><CTL=ACK>
		> <SEQ=1><ACK=1><CTL=ACK><SACK=1001:3001>
		< <SEQ=11001><ACK=1><DATA=1000><CTL=ACK>
		> <SEQ=1><ACK=1><CTL=ACK><SACK=1001:4001>
		< <SEQ=1><ACK=1><DATA=1000><CTL=ACK>
		# RFC 9937, Section 5: the reduction is spread over RecoverFS, what was in flight when it began, with limited transmit.
		# Linux spreads it over the window, as RFC 6937 did; in the end that comes to the same.
		kernel: > <SEQ=1><ACK=1><CTL=ACK><SACK=1001:5001>
		kernel: < <SEQ=12001><ACK=1><DATA=1000><CTL=ACK>
		kernel: > <SEQ=1><ACK=1><CTL=ACK><SACK=1001:6001>
		kernel: < <SEQ=13001><ACK=1><DATA=1000><CTL=ACK>
		kernel: > <SEQ=1><ACK=1><CTL=ACK><SACK=1001:7001>
		kernel: > <SEQ=1><ACK=1><CTL=ACK><SACK=1001:8001>
		ours:   > <SEQ=1><ACK=1><CTL=ACK><SACK=1001:5001>
		ours:   > <SEQ=1><ACK=1><CTL=ACK><SACK=1001:6001>
		ours:   > <SEQ=1><ACK=1><CTL=ACK><SACK=1001:7001>
		ours:   < <SEQ=12001><ACK=1><DATA=1000><CTL=ACK>
		ours:   > <SEQ=1><ACK=1><CTL=ACK><SACK=1001:8001>
		ours:   < <SEQ=13001><ACK=1><DATA=1000><CTL=ACK>
		> <SEQ=1><ACK=1><CTL=ACK><SACK=1001:9001>
		< <SEQ=14001><ACK=1><DATA=1000><CTL=ACK>
		> <SEQ=1><ACK=1><CTL=ACK><SACK=1001:10001>
		< <SEQ=15001><ACK=1><DATA=1000><CTL=ACK>
		sleep 90ms
		> <SEQ=1><ACK=1><CTL=ACK><SACK=1001:11001>
		< <SEQ=16001><ACK=1><DATA=1000><CTL=ACK>
		> <SEQ=1><ACK=1><CTL=ACK><SACK=1001:12001>
		< <SEQ=17001><ACK=1><DATA=1000><CTL=ACK>
		> <SEQ=1><ACK=12001><CTL=ACK>
		< <SEQ=18001><ACK=1><DATA=1000><CTL=ACK>
		> <SEQ=1><ACK=13001><CTL=ACK>
		< <SEQ=19001><ACK=1><DATA=1000><CTL=ACK>
		> <SEQ=1><ACK=14001><CTL=ACK>
		< <SEQ=20001><ACK=1><DATA=1000><CTL=ACK>
	`},
	// req: RFC6582 3.2-4
	{"NewReno: a partial acknowledgment shows the next hole", `
		passive <WND=65535><MSS=1000> rtt=100ms
		write 10000
		< <SEQ=1><ACK=1><DATA=1000><CTL=ACK> x9
		< <SEQ=9001><ACK=1><DATA=1000><CTL=ACK,PSH>
		sleep 100ms
		> <SEQ=1><ACK=1><CTL=ACK>
		> <SEQ=1><ACK=1><CTL=ACK>
		> <SEQ=1><ACK=1><CTL=ACK>
		< <SEQ=1><ACK=1><DATA=1000><CTL=ACK>
		> <SEQ=1><ACK=1><CTL=ACK>
		> <SEQ=1><ACK=1><CTL=ACK>
		sleep 100ms
		> <SEQ=1><ACK=3001><CTL=ACK>
		< <SEQ=3001><ACK=1><DATA=1000><CTL=ACK>
		sleep 100ms
		> <SEQ=1><ACK=10001><CTL=ACK>
	`},
	{"SACK: two holes", `
		passive <WND=65535><MSS=1000><SACKOK> rtt=100ms
		write 10000
		< <SEQ=1><ACK=1><DATA=1000><CTL=ACK> x9
		< <SEQ=9001><ACK=1><DATA=1000><CTL=ACK,PSH>
		sleep 100ms
		> <SEQ=1><ACK=1><CTL=ACK><SACK=1001:2001>
		> <SEQ=1><ACK=1><CTL=ACK><SACK=3001:6001,1001:2001>
		< <SEQ=1><ACK=1><DATA=1000><CTL=ACK>
		< <SEQ=2001><ACK=1><DATA=1000><CTL=ACK>
		> <SEQ=1><ACK=2001><CTL=ACK><SACK=3001:10001>
		> <SEQ=1><ACK=10001><CTL=ACK>
	`},
	// req: RFC5682 3.1-1
	{"F-RTO: after a timeout new data first; progress shows that it was spurious", `
		passive <WND=65535><MSS=1000><SACKOK> rtt=100ms
		write 20000
		< <SEQ=1><ACK=1><DATA=1000><CTL=ACK> x10
		< 200ms <SEQ=10001><ACK=1><DATA=1000><CTL=ACK>
		< 300ms <SEQ=1><ACK=1><DATA=1000><CTL=ACK>
		sleep 100ms
		> <SEQ=1><ACK=2001><CTL=ACK>
		< <SEQ=11001><ACK=1><DATA=1000><CTL=ACK> x3
		> <SEQ=1><ACK=4001><CTL=ACK>
		< <SEQ=14001><ACK=1><DATA=1000><CTL=ACK> x4
		> <SEQ=1><ACK=10001><CTL=ACK>
		< <SEQ=18001><ACK=1><DATA=1000><CTL=ACK>
		< <SEQ=19001><ACK=1><DATA=1000><CTL=ACK,PSH>
	`},
	// req: RFC5682 3.1-1
	{"F-RTO: a duplicate shows that it was not", `
		passive <WND=65535><MSS=1000><SACKOK> rtt=100ms
		write 20000
		< <SEQ=1><ACK=1><DATA=1000><CTL=ACK> x10
		< 200ms <SEQ=10001><ACK=1><DATA=1000><CTL=ACK>
		< 300ms <SEQ=1><ACK=1><DATA=1000><CTL=ACK>
		sleep 100ms
		> <SEQ=1><ACK=1001><CTL=ACK>
		< <SEQ=11001><ACK=1><DATA=1000><CTL=ACK> x2
		sleep 100ms
		> <SEQ=1><ACK=1001><CTL=ACK><SACK=11001:12001>
		< <SEQ=1001><ACK=1><DATA=1000><CTL=ACK>
		> <SEQ=1><ACK=1001><CTL=ACK><SACK=11001:13001>
		< <SEQ=2001><ACK=1><DATA=1000><CTL=ACK>
	`},
	{"timestamps show that a retransmission was spurious", `
		passive <WND=65535><MSS=1012><SACKOK><TS=0,0> rtt=100ms
		write 40000
		< <SEQ=1><ACK=1><DATA=1000><CTL=ACK> x10
		sleep 100ms
		> <SEQ=1><ACK=1><CTL=ACK><TS=200,100><SACK=1001:4001>
		< <SEQ=1><ACK=1><DATA=1000><CTL=ACK>
		> <SEQ=1><ACK=4001><CTL=ACK><TS=200,100>
		< <SEQ=10001><ACK=1><DATA=1000><CTL=ACK> x4
		# The window is what it was. Linux lets it grow by what this acknowledgment has newly told.
		kernel: < <SEQ=14001><ACK=1><DATA=1000><CTL=ACK>
	`},
	// req: RFC2018 8-3
	{"reneging: SACKed data is sent again, soon", `
		passive <WND=65535><MSS=1000><SACKOK> rtt=100ms
		write 3000
		< <SEQ=1><ACK=1><DATA=1000><CTL=ACK> x2
		< <SEQ=2001><ACK=1><DATA=1000><CTL=ACK,PSH>
		sleep 100ms
		> <SEQ=1><ACK=1001><CTL=ACK><SACK=2001:3001>
		< 25ms <SEQ=1001><ACK=1><DATA=1000><CTL=ACK>
		sleep 100ms
		> <SEQ=1><ACK=2001><CTL=ACK>
		< 50ms <SEQ=2001><ACK=1><DATA=1000><CTL=ACK,PSH>
	`},
	{"a SACK block of nothing that was sent is ignored", `
		passive <WND=65535><MSS=1000><SACKOK> rtt=100ms
		write 3000
		< <SEQ=1><ACK=1><DATA=1000><CTL=ACK> x2
		< <SEQ=2001><ACK=1><DATA=1000><CTL=ACK,PSH>
		> <SEQ=1><ACK=1><CTL=ACK><SACK=5001:6001>
		> <SEQ=1><ACK=1><CTL=ACK><SACK=2001:1001>
		> <SEQ=1><ACK=1><CTL=ACK><SACK=-3000:-1000>
		> <SEQ=1><ACK=3001><CTL=ACK>
	`},
}
