// Package notation writes TCP segments the way the figures of RFC 9293 do, and reads them.
//
//	<SEQ=1><ACK=101><WND=1000><DATA=100><CTL=ACK,PSH>
//
// Sequence numbers are relative: the SYN of either side has number 0 and its first byte of data number 1. Data is a
// pattern that follows the sequence numbers, so that a byte in the wrong place is noticed.
//
// The fields of a segment:
//
//	<SEQ=n> <ACK=n> <WND=n>       numbers; WND as in the header, not scaled
//	<DATA=n>                      n bytes of text
//	<CTL=SYN,ACK>                 control bits
//	<URG=n>                       urgent pointer, with the bit
//	<MSS=n> <WS=n> <SACKOK>       options of a SYN
//	<TS=val,ecr> <NOTS>           timestamps in milliseconds since the start; none although negotiated
//	<SACK=l:r,l:r>                SACK blocks
//	<FO> <FO=0123…>               Fast Open's option: a request for a cookie, a cookie
//	<ECT0> <ECT1> <CE>            the mark in the IP header
//	<GSO=n>                       a super-segment of segments of n bytes
//
// Parse reads a segment, Describe makes one of a header, Differences compares the fields that are named.
//
// # Concurrency
//
// Functions of their arguments.
//
// # Conformance
//
// RFC 9293, Section 3.5, whose notation this is.
//
// # Limitations
//
// Options that no test writes by hand yet, such as the user timeout, have no field.
package notation
