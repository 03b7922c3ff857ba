// Package table is the driver's mind: which captured connection belongs to which SDK, what either side may be told and
// in which order. It has no sockets and no clock; lab/driver puts those around it.
//
//	t := table.New(table.Config{})
//	t.Attach(now, sdk, nil)                         // a hello came
//	conn, ok := t.Accept(now, app, sdk, src, dst)   // an application's connection was captured
//	t.FromSDK(now, sdk, &message)                   // likewise AppBytes, AppFIN, AppReset, FromWire, Tick
//	for a, ok := t.Next(); ok; a, ok = t.Next() {
//		... do what a says ...
//	}
//
// After every input the actions are drained, before the memory that the input was handed changes: their bytes lie in it.
// The same now goes to all calls for one occasion, and never runs backwards.
//
// # What becomes of a connection
//
// It begins when the application's connection was accepted, and the SDK is asked for one to the same destination, from a
// source port of the pool. Once the SDK says that it is established the application may be read. It ends when the SDK
// releases it, when either side resets it, when its SDK is lost, or when both sides have sent their FIN and nothing has
// happened for Config.Idle: many programs never release what they closed passively.
//
// One that somebody else begins is Called, by its first SYN, and the SDK is asked for its half. The listener is dialled when
// that is done, and what the SDK says to it until then waits there. An SDK has at most Config.HalfOpen that are not done, for
// Config.RingTime each.
//
// # What is dropped
//
// An application's doings are never dropped; its bytes are not read while the SDK does not take them, nor while the SDK has
// far more of them than the peer has acknowledged. Segments from the
// wire are, if there are too many: while an application does not read what it was sent, those that carry text are kept
// from the SDK, so that the sender slows down for this connection alone. Whoever is told nothing is counted: see Counters.
//
// # Concurrency
//
// A Table belongs to one caller at a time.
package table
