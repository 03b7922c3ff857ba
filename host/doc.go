// Package host is one IP host as a pure state machine: addresses, routes, fragment reassembly, ICMP, UDP, and the ports,
// listen queues and connections of TCP. Like package tcp below it, it has no goroutine, lock, clock, random source or
// system call.
//
// # Driving a Host
//
// Inputs are Recv (a packet came) and Tick (time passed). Commands are DialTCP, ListenTCP, OpenUDP, OpenPing and the
// methods of what they return; after a command on a connection's own tcp.Conn (Commit, Consume, Close, …) the driver says
// so with MarkDirty. After any of these, or a batch of them, drain the outputs:
//
//  1. NextDirty, until it returns nil: who has something to send or to tell. Of a *Conn take the packets, with its
//     NextPacket until that returns false, and then its Events; a *Listener has a connection to Accept; a *UDP or *Ping
//     has something to Receive, or an error.
//  2. NextPacket, until it returns false: the packets that belong to no connection.
//  3. Deadline: when to call Tick.
//
// The same now goes to every call made for one occasion, and it never runs backwards. A Conn whose packets were not
// drained to the end (the device is slow) has to be marked dirty again later, or its timers stand still.
//
// A packet for the host itself does not leave it: it is put into a bounded queue and received during NextDirty.
//
// # Memory
//
// Bytes live in chunks of Config.Pool. Recv is told which chunk a packet lies in; the host takes a reference to it if it
// keeps the bytes in place. A Packet to be sent pins what it refers to until Packet.Release. Everything a peer can make
// the host keep is bounded by Config.Limits or by the receive buffers. No packet on the data path allocates.
//
// # Concurrency
//
// None: a Host and all that it owns belong to whoever holds the shard's mutex. Only the bytes behind packets and views may
// be touched outside it.
//
// # Conformance
//
// RFC 791, RFC 792, RFC 1122, RFC 1191, RFC 768, RFC 815, RFC 4443, RFC 4861 (answers solicitations), RFC 4987 (SYN
// cookies), RFC 5722, RFC 5927, RFC 6056, RFC 6724 (source selection, rules 1, 2 and 8), RFC 6864, RFC 6946, RFC 7413
// (Fast Open), RFC 7739, RFC 8200, RFC 8201. docs/conformance.md answers every requirement of
// those that it lists.
//
// # Limitations
//
// The link is point to point: there is no address resolution yet, and a route has no gateway. Nothing is forwarded, no
// address is configured by itself, no multicast group is joined but the one all hosts belong to.
package host
