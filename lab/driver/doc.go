// Package driver captures TCP connections of real programs and has an SDK carry them, in which somebody writes TCP:
// the teaching kit's driver.
//
//	d, err := driver.Start(driver.Config{Log: func(line string) { log.Print(line) }})
//	...
//	<-d.Done()                                      // somebody asked for its end
//	err = d.Close()
//
// An application's SYN is marked by a rule of nftables, routed to lo by its mark, and handed to a transparent listener, so
// the application is connected to the driver (connection 1). The SDK opens connection 2 to where the application wanted
// to go, segment by segment, which the driver carries by a raw socket. lab/table decides what is said to whom;
// lab/exp4 is how; this package is the sockets around them.
//
// With Config.Incoming connections that others begin are captured too: callers' segments are rewritten to a port where the
// kernel has no listener, and reach the SDK through the same raw socket. When that has shaken hands the driver dials the
// listener from the caller's address.
//
// # What it changes
//
// The rules are in a table of nftables that the kernel removes with the driver's socket, even if that is killed. A guard,
// a small process, removes the routing rule, the route and the names of sockets with it, some 25 ms after a kill. A second driver in the same network namespace does not
// start. TCP to or from port 22 is never captured, nor is what stays on this machine, nor is a link-local address.
//
// # SDKs
//
// Each SDK has a directory for its socket and the driver's. One that crashes, stalls, talks rubbish or floods is reported
// in one line, and costs others nothing: it has its own queue and its own turn.
//
// # Concurrency
//
// All work is done by one goroutine, in a loop of package reactor. Methods may be called from any other.
//
// # Limitations
//
// Linux with nf_tables, conntrack and tproxy. Where other rules drop what comes to the pool's ports, or the 16 behind
// it, they drop the answers of remote ends, or callers, as well. With several SDKs callers are theirs by turns.
package driver
