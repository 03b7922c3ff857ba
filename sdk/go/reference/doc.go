// Command reference is an SDK program on Antedon's own TCP, with all that it can: windows, options, loss recovery,
// congestion control.
//
// Package tcp is a state machine without clock, lock or socket; this program brings them, and shows in 300 lines how it is
// driven: what arrives goes in (Recv, Tick), what the application wants goes in (Reserve and Commit, CloseWrite, Abort), and
// after each of these everything that has come of it is taken out (settle, in conn.go).
//
// Concurrency: one mutex for everything. The driver's calls come from one goroutine, the timer's from another.
//
// Limitations: the path is taken to carry packets of 1,500 bytes; where it does not, segments are found to vanish, and then
// are smaller.
package main
