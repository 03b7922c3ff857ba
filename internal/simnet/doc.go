// Package simnet is a virtual network: any number of hosts, bad paths between them and the applications that talk over
// them, under one virtual clock. It runs the very stack that runs behind devices, thousands of times faster than the
// clock on the wall, and twice the same way: the same scenario sends the same packets at the same times, to the byte.
//
// # Driving a network
//
//	s := simnet.Draw(simnet.FromSeed(1234), simnet.MaxBytes) // or a Scenario of one's own
//	n := s.Build()
//	err := n.Finish()
//
// A Scenario says everything: the hosts and their settings, what each path does to packets (package impair), the links
// that paths share, and the conversations (Talk, Script). Draw makes one up from a Source: a seed, or bytes that a fuzzer
// chooses. Build turns it into a Net; Run lets time pass; Finish lets everything come to its end. Both return the first
// check that failed. Meddle decides about single packets. Capture writes what hosts send and receive to a pcapng file,
// with a comment on each packet that did not simply arrive.
//
// # What is checked
//
// From the packets alone, for each one: it is well-formed and its checksums are right; it fits the MTU and the peer's
// MSS and carries the options agreed upon; it stays within the peer's window, leaves no gap, and repeats what was sent
// before, byte for byte; acknowledgments and timestamps never go back, acknowledge or SACK only what was sent, and the
// right edge of the window never moves left.
//
// After every event, for each connection it concerned: whatever is waited for has a deadline, and what Info tells is
// consistent and within the limits of retransmission. For each host: its memory is within bounds.
//
// Of the applications: what is read is a prefix of what was written, at any time; all of it at the end, without an error,
// if both ends leave in order. They try again only when an event told them to, so that a missing one is a stall.
//
// At the end: everything was said, no connection is left, no chunk, no deadline.
//
// # Time and order
//
// Events happen in the order of their time, and of their planning if that is equal. Hosts are driven as package host
// asks. A network interface may be slow: packets then wait in the host's own memory, and are looked at when they leave, so
// that memory reused too early is seen.
//
// # Concurrency
//
// None. Networks are independent of each other.
//
// # Limitations
//
// Paths share links of limited rate at most (Link); there are no other routers than the one that reports a smaller MTU.
// Applications use TCP only.
package simnet
