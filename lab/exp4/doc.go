// Package exp4 is the protocol between the driver of the teaching kit and the SDK in which a TCP is written, version 1:
// messages, their encoding in BSON, and the unix datagram sockets that carry them.
//
//	ep, err := exp4.Dial(ctx, "")                   // an SDK; a driver calls Listen
//	err = ep.Send(exp4.Hello())
//	m, err := ep.Receive()                          // m.Tick, or a call: m.Flags, m.Conn, m.Bytes
//
// Parse takes what any program of the kit sends: keys in any order, integers of 32 or 64 bits, further keys. Append
// writes one form only. Neither allocates for it. Names of errors say what was wrong; none of them is a reason to stop.
//
// # Messages
//
// A datagram is one byte 0x00, the tick, or a document
//
//	{ "conn": { "src": {"ip", "port"}, "dst": {"ip", "port"} }, "bytes": binary, "flags": int }
//
// in which src is the end that the driver chose and dst the remote one. What flags mean depends on the direction: see
// their constants.
//
// # Extensions
//
// A hello may name, under the further key "extensions", what its SDK can do beyond version 1. A driver that knows some of
// it answers with a hello that names those, before anything else; an older one ignores the key and does not answer. Only
// after both have named an extension may either use it, so neither ever meets what it does not know.
//
// The one there is, Incoming, adds the calls of PeerConnect: see docs/decisions/0033.
//
// # Test vectors
//
// testdata/golden.json and testdata/bad.json are for the tests of every SDK. In golden.json "strict" says that an encoder
// has to produce this very datagram; the others are only to be understood. What is in bad.json has to be refused, and
// survived. The tick is in golden.json with the name "tick" and without fields. testdata/incoming.json is like golden.json, for
// those who know the extension Incoming; its hellos have "extensions".
//
// # Concurrency
//
// Messages are values; the Bytes of a parsed one lie in the datagram. A Parser belongs to one caller at a time. An Endpoint
// may be used by one reader and any number of writers.
//
// # Limitations
//
// Linux only.
package exp4
