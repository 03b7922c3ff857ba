// Package interop holds tests of the stack against what it has to get along with: the kernel's TCP, UDP and ICMP, and
// the programs that run on them, curl, nginx, netcat, iperf3 and ping. tshark judges what was sent.
//
// Run them with go test; the programs come from the Debian packages listed in .ci/packages. Each test makes a private
// namespace (see internal/netlab) with a link between a kernel and the stack, a bed, and tries the corners of it: who
// serves and who connects, over IPv4 and IPv6, on a TUN device with and without offload and on a packet socket. A test
// that fails leaves a pcapng of what last crossed its link and prints the path.
//
// # Concurrency
//
// Tests run in parallel, each in a namespace of its own.
//
// # Conformance
//
// None of its own: what the RFCs ask for is tested where it is implemented. Here the judge is the peer.
//
// # Limitations
//
// The peer is whatever kernel the machine runs.
package interop
