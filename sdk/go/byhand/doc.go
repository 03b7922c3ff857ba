// Command byhand is a TCP written by hand: the least that carries real connections. Read it after you have tried your own.
//
// segment.go reads and writes headers, outgoing.go takes the driver's calls, and connection.go, sending.go and receiving.go
// are one connection, as RFC 9293 has it. incoming.go is for those that others begin.
//
// Concurrency: none. The driver's calls come one after the other, and time comes with Tick.
//
// Conformance: of RFC 9293 the handshake, the transfer, the retransmission and the closing in any order.
//
// Limitations: much of what makes a TCP good is missing, each worth an evening:
//
//   - Segments that arrive out of order are thrown away. Keep them: Section 3.10.7.4.
//   - The peer's window is not looked at: never more than 32 KiB are under way. Obey it, and probe it when it is closed:
//     Section 3.8.6. Ours never closes.
//   - A loss is noticed by a timer only, which does not know how long a round trip takes. Measure it: RFC 6298. Three
//     duplicate acknowledgments tell of a loss earlier, and a loss asks to slow down: RFC 5681.
//   - No options. Say which segments fit (MSS: Section 3.7.1), offer larger windows (RFC 7323), selective acknowledgments
//     (RFC 2018).
package main
