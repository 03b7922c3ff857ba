// Package reactor is an event loop: one goroutine that calls back when descriptors are ready, timers expire, signals come
// or other goroutines ask for it.
//
//	loop, err := reactor.New(reactor.Config{})
//	…
//	loop.AfterFunc(time.Second, func() { fmt.Println("a second later") })
//	watch, err := loop.Register(fd, reactor.Readable, func(reactor.Events) { … })
//	…
//	err = loop.Run() // until loop.Close()
//
// # A turn
//
// Run makes turns. In each the loop waits until something is ready or due, and then calls back: first timers that are due,
// in the order of their instants; then descriptors that are ready, each once; then functions that were posted; last OnClose
// of the connections that have ended. Before it waits again it calls the BeforeSleep hooks.
//
// No turn is endless: a timer or a descriptor that a callback sets or registers, and a function that is posted by one that
// was posted, is called in the next turn at the earliest. A callback should do a bounded piece of work and return: what is
// still ready is called again.
//
// # What callbacks may do
//
// Everything but Run and Turn, which return ErrRunning. A callback may remove or close what it belongs to, and whatever
// else: nothing that was removed is called back, not even for what the kernel reported before; nor does a stale report
// reach a new descriptor of the same number.
//
// A callback that blocks holds up all others: they are called afterwards, none is lost, timers once each and in order.
//
// A callback that panics ends Run with that panic, as in any function, and leaves the loop consistent: it may be run again
// and goes on behind the callback. With Config.OnPanic the panic is reported, what the callback belonged to is removed,
// and the loop goes on.
//
// # Back ends
//
// Config.Backend chooses between epoll, poll and select. Callbacks are the same. The limits are not: see Backend.
//
// # Sockets
//
// Listen, Dial and Adopt make connections of the kernel's TCP and unix sockets (Socket), ListenPacket and DialPacket
// datagram sockets (Packet). A Conn is what a Socket has in common with the connections of another stack in the same loop:
// code that is written to Conn and Handler, Join for instance, works with both. internal/conntest checks the contract.
//
// # Concurrency
//
// A loop belongs to the goroutine that is in Run or Turn, and before and after that to whoever has made it. There is no
// other goroutine behind it, but one for each OnSignal. Callbacks are made on that goroutine, and all methods belong to it,
// but for Post, Close, Done and Backend, which any goroutine may call. So code knows where it runs: in a callback it is on the
// loop's goroutine, elsewhere it is not and has to Post. The race detector finds who does not. One loop keeps
// one processor busy; for more of them, make several loops and Share a listener, or hand descriptors over and Adopt them.
//
// # Limitations
//
// Linux only. While it waits the loop holds a thread in a system call, as every caller of epoll_wait does.
package reactor
