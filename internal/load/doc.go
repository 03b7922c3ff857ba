// Package load is what "antedon load" does: it opens connections to a server, many or fast, and says how that went.
//
//	report, err := load.Private(ctx, load.Plan{Mode: load.Hold, Conns: 200000, Rate: 20000, Time: time.Minute, Command: cmd, Port: 80}, watch)
//	report, err := load.Plain(ctx, plan, target, watch)
//
// Private starts the server itself, in a network namespace that it makes for the purpose and in which there is nothing but the
// server and a link to us. There connections come from any address, by package stateless, and nothing forbids floods and slow readers:
// no packet leaves. There is no way to have these modes elsewhere: who calls Private gives neither a device nor a namespace, and Plain
// has only ordinary sockets of the kernel.
//
// Plain loads a server that is there already: on loopback, or, at a rate that harms nobody, a target that was named.
//
// Concurrency: the functions may be called at the same time; watch is called by one goroutine at a time.
//
// Limitations: those of package stateless. Private takes netlab.Init and netlab.Isolate.
package load
