// Package wire reads and writes the headers of a packet: Ethernet, ARP, IPv4, IPv6, ICMP, ICMPv6, UDP and TCP, with
// their options, and computes their checksums at the speed of memory.
//
// ParseX takes the bytes that begin with header X and returns its decoded fields, the payload, and an error; the payload
// and every slice in the fields alias the input. AppendTo writes a header behind the given bytes. Format prints a whole
// packet on one line.
//
//	ip, payload, err := wire.ParseIPv4(packet)
//	...
//	tcp, text, err := wire.ParseTCP(payload)
//
// Errors are the sentinel values of this package. Next to one of them the header holds what was understood before, which
// is what an ICMP answer needs (see Problem).
//
// No input makes a Parse function or a printer panic. AppendTo panics if the caller asks for what the format cannot
// express (an IPv6 address in an IPv4 header). Parsing and appending do not allocate, unless the slice appended to has to
// grow; printing does.
//
// Concurrency: nothing here has state. Everything may be called from any goroutine.
//
// Conformance: RFC 791, 792, 768, 826, 894, 1071, 1191, 2018, 2474, 3168, 4443, 4861, 5482, 6864, 7112, 7323, 7413, 8200,
// 9293, IEEE 802.1Q.
//
// Limitations: no jumbograms (RFC 2675), no IPsec headers, one VLAN tag. ARP for Ethernet and IPv4 only. LLC/SNAP frames
// are recognised but not dissected.
package wire

import "errors"

// What can be wrong with a header.
var (
	ErrTruncated       = errors.New("packet is shorter than its headers say")
	ErrBadVersion      = errors.New("wrong IP version")
	ErrBadHeaderLength = errors.New("header length below the minimum")
	ErrBadLength       = errors.New("length field contradicts the header")
	ErrBadChecksum     = errors.New("wrong checksum")
	ErrBadOption       = errors.New("malformed option")
	ErrBadHardware     = errors.New("not ARP for IPv4 over Ethernet")
	ErrBadType         = errors.New("not the message type asked for")

	// Only ParseIPv6 returns these.
	ErrUnknownOption   = errors.New("unknown option that forbids processing")
	ErrUnknownHeader   = errors.New("extension header out of place")
	ErrBadRouting      = errors.New("routing header with segments left")
	ErrIncompleteChain = errors.New("first fragment without the whole header chain")
)

// Problem is what a Parameter Problem message about a rejected packet has to say. It is the zero Problem if the packet
// is to be dropped in silence.
type Problem struct {
	Report  Report
	Code    uint8 // of the ICMP or ICMPv6 message
	Pointer int   // offset of the offending byte from the start of the IP header
}

// Report says which packets a Problem is reported for.
type Report uint8

const (
	ReportNever   Report = iota
	ReportUnicast        // unless the destination was a multicast address
	ReportAlways
)
