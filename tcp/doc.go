// Package tcp is one TCP connection as a pure state machine: RFC 9293's TCB and everything that hangs off it, with no
// goroutine, lock, clock, random source or system call.
//
// # Driving a Conn
//
// A Conn has four kinds of method. Getters (State, Readable, Info, …) change nothing. Inputs tell it what happened: Recv
// (a segment came), Tick (time passed), OnICMP. Commands carry out the application's calls: Reserve and Commit (write),
// Peek and Consume (read), CloseWrite, Close, Abort and the settings. Outputs are drained after every input and command:
//
//  1. Next, until it returns false: the segments to send. A segment is cut when it is asked for, so it carries the newest
//     acknowledgment and window, and one acknowledgment answers all that Recv took since the last drain.
//  2. Deadline: when Tick is to be called.
//  3. Events: what a waiting application may want to know.
//
// The same now goes to every call made for one occasion, and it never runs backwards. No method blocks, and on the data
// path none allocates once the connection's memory has grown to its use.
//
// # Bytes
//
// Sent and received bytes are addressed by stream offset: 0 is the first byte after the SYN, and a FIN takes the offset
// after the last byte. Sequence numbers appear only where segments do. See package internal/buffer for who owns which
// bytes when.
//
// # Concurrency
//
// None: a Conn, and all that share its Env, belong to whoever holds the shard's mutex. Only the bytes behind views and
// reservations may be touched outside it.
//
// # Conformance
//
// RFC 9293, RFC 7323, RFC 2018 and RFC 2883 (SACK, DSACK). Loss recovery: RFC 6675, RFC 6582, RFC 3042, RFC 8985
// (RACK-TLP), RFC 9937 (PRR), RFC 5682 (F-RTO with SACK), taken back where RFC 3522 (timestamps) or RFC 3708 (DSACK) shows
// it to have been spurious. RFC 6298, RFC 5681, RFC 3168 (ECN), RFC 7413 (Fast Open), RFC 4987 (SYN cookies), RFC 5961,
// RFC 1337, RFC 6191, RFC 5461 and RFC 5927 (ICMP), RFC 1191, RFC 8201 and
// RFC 4821 (path MTU). docs/conformance.md answers every requirement of those that it lists.
//
// # Limitations
//
// The urgent pointer is parsed and urgent data delivered in line.
package tcp
