// Package contest measures our TCP beside others' on the same load: the machinery of antedon bench bulk, rr, crr
// and echo.
//
//	plan := contest.Plan{Cases: contest.Cases(workload.Bulk, dirs, streams), Stacks: stacks, Rounds: 5, Time: time.Second}
//	err := plan.Run(ctx, func(r contest.Round) { ... })
//	lines := plan.Summarise(rounds)
//
// # A run
//
// A contestant is a process that runs package workload on a stack; the other side is a process on the kernel's sockets, with
// CUBIC, whatever the machine's default is. Each run has both of them anew, in new namespaces, so that nothing remembers
// anything: the kernel's own TCP in two namespaces joined by a pair of veths with all offloads, the others on a TUN device with
// segmentation offload, whose other end is the kernel.
//
// This program is both the kernel's and our contestant, and the other side: Child is what it does then. gVisor's is a program
// of another module, which is found beside this one.
//
// # A round
//
// A round of a case is one run of each stack, one right after the other, in an order that changes. The kernel always takes
// part. What counts are the medians over the rounds, of the figures and of their ratios to the kernel's in the same round.
//
// # Concurrency
//
// One thing runs at a time.
//
// # Echo servers
//
// EchoPlan measures servers instead: ours and the kernel's, each written in several ways, with the same places and processes of the
// same kind.
//
// # Limitations
//
// Contestants of a Plan are clients. It takes netlab.Init and netlab.Isolate, and Child to be called in the processes that are started.
package contest
