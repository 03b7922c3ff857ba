// Package grade marks a TCP that somebody has written against the teaching kit's driver.
//
//	report, err := grade.Run(ctx, grade.Config{Argv: []string{"python3", "main.py"}, Dir: dir, Seed: 1})
//	report.WriteText(os.Stdout, false)
//
// The program runs in a box (internal/sandbox) and carries the connections of applications through lab/driver to a peer:
// the kernel of another network namespace. Every mark has hosts, driver and box of its own, so what one of them breaks
// does not reach the next. The wire between the hosts is ours: it knows every packet, and loses or delays those that a mark
// wants lost or late, by count and not by chance. What data is sent, and which packet is lost, comes from the seed.
//
// The 80 marks ask for no more than the course does: the peer's buffer is larger than any transfer, packets keep their
// order, and none is lost but for the mark on retransmission. Findings are what a TCP does beyond that; they bring no
// marks.
//
// What a program does is judged by the order of packets as its host sees them, not by time: see decision 0037, order.go and
// gate.go.
//
// # Concurrency
//
// Several Runs may go on at a time.
//
// # Conformance
//
// Checks quote RFC 9293, and for findings RFC 5681, 6298 and 7323.
//
// # Limitations
//
// Linux, as lab/driver. IPv4. Two findings (fast retransmit, estimation of the round-trip time) compare times: of a timer of
// a second or so, which the machine can only make longer, the shortest of several counts. Everything else is judged by which
// packets the program sent after which others, and does not depend on speed, but for limits of tens of seconds.
package grade
