// Package explore proves by exhaustion what package simnet tests by chance: that a short exchange between two hosts
// comes to its proper end whatever happens to any one of its packets, and to any two.
//
// # Driving an exploration
//
//	for _, x := range explore.Exchanges() {
//		stats, failure := x.Explore(2)
//		...
//	}
//
// An Exchange is a scenario of package simnet, most often a handshake, a request, an answer of several segments and an
// orderly close. Explore runs it undisturbed, then once for each packet and each Kind of disturbance: it is lost, swapped
// with the next, late by more than a round trip or by more than a retransmission timeout, or arrives twice, at once or much
// later. With a depth of 2 it then disturbs, in each of these runs, every later packet in every way in turn; retransmissions
// and whatever else the first disturbance brought about are among them. So every pair is tried that can come about.
//
// A Case names the disturbances of a run, as "3:lost,7:late", and repeats it.
//
// # What is checked
//
// Everything that package simnet checks, at every packet and at the end: the bytes read are those written, no connection,
// deadline or chunk is left. And that the conversation was over in time: see Exchange.Limit.
//
// # Concurrency
//
// None; exchanges are independent of each other.
//
// # Limitations
//
// Three and more disturbances are left to chance (package simnet) and to the fuzzers.
package explore
