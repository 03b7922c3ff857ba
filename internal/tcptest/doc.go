// Package tcptest drives TCP connections in tests, under virtual time: a Script plays the peer of one connection in the
// notation of RFC 9293, a Pair lets two connections talk over a path that loses, repeats and reorders.
//
// A script reads like the figures of the RFC:
//
//	s := tcptest.New(t, tcptest.Established, tcptest.Setup{})
//	s.Recv("<SEQ=1><ACK=1><WND=1000><DATA=100><CTL=ACK,PSH>")
//	s.Expect("<SEQ=1><ACK=101><CTL=ACK>")
//	s.ExpectNone()
//
// Package internal/notation says what the fields mean.
//
// Expect compares the fields that its pattern names; CTL, DATA, SACK and the mark of ECN that it does not name have to be
// empty. Every segment the connection sends has to be expected, or discarded with Ignore, before the test ends. After
// every step a Script checks what must always hold: the right edge of the window never moves left, something is armed
// while there is something to wait for, no more is sent than the peer's window allows. At the end it checks that no
// chunk leaked.
//
// # Concurrency
//
// None. Nothing here reads a clock or sleeps.
//
// # Conformance
//
// RFC 9293, Section 3.10, whose segment notation this is.
//
// # Limitations
//
// A failure leaves a pcapng of the latest segments, with computed checksums, in the directory for temporary files.
package tcptest
