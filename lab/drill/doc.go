// Package drill plays small packet scripts to a TCP that somebody has written for the teaching kit: send it this segment,
// expect that one within so long.
//
//	scripts, err := drill.Find("all")
//	results, err := drill.Run(ctx, drill.Config{Argv: []string{"python3", "main.py"}, Dir: dir}, scripts)
//	results[0].WriteText(os.Stdout, false)
//
// The drill is both of what the program talks to: the driver, at the sockets of lab/exp4, and the remote TCP. There is no
// network and no kernel in between, so a script decides on every segment and sees every one. The program runs in a box
// (internal/sandbox).
//
// # Scripts
//
// A script reads like a figure of RFC 9293, with the program as TCP A on the left and the drill as TCP B on the right:
//
//	title  The handshake
//	rfc 9293 3.5 "This exchange has been termed the three-way handshake"
//	app_connect
//	--> <SEQ=ISS><CTL=SYN>
//	    ! app_connect has to send a SYN.
//	<-- <SEQ=IRS><ACK=ISS+1><CTL=SYN,ACK>
//	--> <SEQ=ISS+1><ACK=IRS+1><CTL=ACK> within 2s
//	app_connected
//
// docs/lab/drills.md has all statements. Segments and calls of the program are in order each, but not among each
// other. A segment that only acknowledges, or repeats what was sent before, may come between others at any time. What a
// script does not name may be anything, but for what is wrong always: checksums, ports, text that no application wrote,
// acknowledgments of what was not sent.
//
// # Concurrency
//
// Several Runs may go on at a time. Results are values.
//
// # Conformance
//
// The shipped scripts quote RFC 9293, 5681, 5961 and 6298.
//
// # Limitations
//
// Linux. Time is real: upper limits are long enough for a busy machine, lower ones are asked for only where an RFC does. The
// connections are over IPv4.
package drill
