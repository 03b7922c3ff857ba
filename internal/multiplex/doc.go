// Package multiplex measures and demonstrates how one goroutine waits for many descriptors: with select, poll and epoll. It is
// the machinery of antedon bench poll and antedon lab poll.
//
//	err := multiplex.Plan{Rounds: 5}.Run(ctx, func() { … }, func(l multiplex.Line) { … })
//	for _, e := range multiplex.Experiments() {
//		outcome, err := e.Run()
//	}
//
// # What is measured
//
// A loop of package reactor watches one number of descriptors, both ends of pairs of unix sockets. Some of them, chosen at random
// with a fixed seed, are made ready; then the clock runs until the loop has called back for each. What is measured is the waiting:
// the system call, the search for what it has found, and the callbacks, which only count. The bytes are written before and read
// after, since that costs the same with every poller.
//
// # What is demonstrated
//
// An Experiment makes something happen that is known by hearsay and says why it does. It knows what is to be seen, and an Outcome
// says whether it was.
//
// # Concurrency
//
// None: runs and experiments change the process's RLIMIT_NOFILE, and come one after the other.
//
// # Limitations
//
// The loop never has to sleep while it is measured. A sleep costs the wake-up on top, the same for all, and select and poll the way
// into and out of a queue at every descriptor, which they go here only up to the first that is ready.
package multiplex
