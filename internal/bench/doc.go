// Package bench measures our TCP: beside the kernel's over the same bad path, in private network namespaces, alone in memory, and
// by the memory it takes. It is the machinery of antedon bench loss, fair, core and idle. Package contest has that of the others.
//
//	plan := bench.LossPlan{Cells: bench.Grid(loss, rtt, reorder), Seeds: seeds, CC: algorithms, ...}
//	err := plan.Run(ctx, func(r bench.LossRound) {
//		... when a cell has all its rounds: plan.Summarise(rounds) ...
//	})
//
// FairPlan does the same for flows that share a bottleneck. CorePlan and IdlePlan need neither namespaces nor a kernel.
//
// # The path
//
// A Path carries packets between ends: kernels, each in a namespace with a TUN device of its own (or a packet socket in its
// stead), and stacks of ours, on devices in memory. It is one goroutine on a thread of its own, which puts every packet on an
// impair.Line and delivers it when its time has come. It is woken by the kernel's high-resolution timers, not by Go's, and for
// short round trips it spins: how late it was is measured. No end offers segmentation offload, so impairment acts on packets
// of the path's MTU.
//
// # What is measured
//
// Goodput is what the receiving application has read when the time is over. Retransmissions are counted on the wire, the
// same way for both stacks: see Observer.
//
// # Concurrency
//
// Runs may overlap, but those of IdlePlan, which look at the whole process; each has namespaces of its own. A Path's goroutine is the only one to touch its lines and observer.
//
// # Limitations
//
// IPv4 only. It takes netlab.Init and netlab.Isolate.
package bench
