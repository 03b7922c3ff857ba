// Package api connects a TCP that you write to the lab's driver.
//
// The driver captures the connections that programs on this machine open, and tells your TCP about them over a unix
// datagram socket: an application wants a connection, wrote bytes, closed; a segment came from the network. Your TCP
// answers in kind: send this segment, hand these bytes to the application.
//
// To use it, write a type that has the methods of Outgoing, and hand its constructor to Main:
//
//	func main() {
//		api.Main(func(driver api.Driver) api.Outgoing { return NewOutgoing(driver) })
//	}
//
// A type with the method of Incoming can be called, too: by connections that others begin.
//
// # Concurrency
//
// The methods of Outgoing are called one after the other, by one goroutine: while one runs nothing else arrives, so none
// should wait for long. The methods of Driver may be called by any goroutine at any time, a timer's too.
//
// # Conformance
//
// Version 1 of the lab protocol, to the letter: paths, hello, flags and the tick. The driver that comes with the course and
// Antedon's own both take it. For an Incoming the hello has a further key, which only the latter knows: then it answers, and
// both may use flags 0x12.
//
// # Limitations
//
// Linux only. The environment variable ANTEDON_LAB_DIR moves both sockets out of /tmp, for tests.
package api
