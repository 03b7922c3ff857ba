// Package peertest runs an SDK program's TCP against a peer, over a path that may be bad, in memory and in virtual time.
//
//	lab := peertest.New(t, peertest.Setup{})
//	lab.Attach(newOutgoing(lab))
//	lab.Dial(peertest.Plan{Up: 3 << 20, Down: 10 << 20})
//	lab.Run()
//
// DialIn, instead of Dial, has the peer begin the connection.
//
// A Lab plays the driver and the applications on one side of the TCP, and on the other the path and the peer, which is
// Antedon's own tcp package. It checks what an SDK program must and must not say, that every byte arrives once and as it
// was, and how the connection ends at the peer.
//
// Concurrency: none: everything happens in Run, one thing after the other. A TCP that has a clock of its own takes Now and At.
//
// Limitations: tests only.
package peertest
