package host

// Drop says why a packet, or part of what it asked for, came to nothing. The zero Drop means that it did not.
type Drop uint8

const (
	accepted Drop = iota

	// What was wrong with the packet.
	DropTruncated
	DropBadVersion
	DropBadHeader
	DropBadOption
	DropBadExtension
	DropBadIPChecksum
	DropBadTransportHeader
	DropBadTransportChecksum
	DropBadICMP
	DropSourceRoute

	// Where it came from and where it was going.
	DropMartianSource
	DropMartianDestination
	DropOwnSource
	DropNotForUs
	DropNotMember
	DropGroup
	DropUnknownProtocol
	DropNoListener
	DropNoUDPSocket

	// Fragments.
	DropFragmentBad
	DropFragmentOverlap
	DropFragmentDuplicate
	DropFragmentTooMany
	DropFragmentECN
	DropReassemblyTimeout
	DropReassemblyEvicted

	// ICMP.
	DropICMPUnmatched
	DropICMPIgnored
	DropICMPMTU
	DropICMPSequence
	DropEchoUnmatched
	DropNeighborBad

	// Something was full.
	DropSYNQueueFull
	DropAcceptQueueFull
	DropDeferred
	DropReceiveQueueFull
	DropOutputQueueFull
	DropICMPLimited
	DropResetLimited

	// NumDrops is the number of Drop values.
	NumDrops = int(iota)
)

var dropNames = [NumDrops]string{
	accepted:                 "accepted",
	DropTruncated:            "ip: truncated",
	DropBadVersion:           "ip: not version 4 or 6",
	DropBadHeader:            "ip: malformed header",
	DropBadOption:            "ip: malformed option",
	DropBadExtension:         "ip: malformed or unknown extension header",
	DropBadIPChecksum:        "ip: wrong header checksum",
	DropBadTransportHeader:   "ip: malformed transport header",
	DropBadTransportChecksum: "ip: wrong transport checksum",
	DropBadICMP:              "icmp: malformed",
	DropSourceRoute:          "ip: source route",
	DropMartianSource:        "ip: impossible source address",
	DropMartianDestination:   "ip: impossible destination address",
	DropOwnSource:            "ip: our own source address",
	DropNotForUs:             "ip: not for us",
	DropNotMember:            "ip: multicast group not joined",
	DropGroup:                "ip: multicast or broadcast not allowed here",
	DropUnknownProtocol:      "ip: unknown protocol",
	DropNoListener:           "tcp: no connection and no listener",
	DropNoUDPSocket:          "udp: no socket",
	DropFragmentBad:          "fragment: impossible length or offset",
	DropFragmentOverlap:      "fragment: overlap",
	DropFragmentDuplicate:    "fragment: duplicate",
	DropFragmentTooMany:      "fragment: too many holes",
	DropFragmentECN:          "fragment: contradicting congestion marks",
	DropReassemblyTimeout:    "fragment: datagram not complete in time",
	DropReassemblyEvicted:    "fragment: datagram given up for lack of room",
	DropICMPUnmatched:        "icmp: error about nothing of ours",
	DropICMPIgnored:          "icmp: message ignored",
	DropICMPMTU:              "icmp: useless path MTU",
	DropICMPSequence:         "icmp: error about a segment not in flight",
	DropEchoUnmatched:        "icmp: echo reply nobody waits for",
	DropNeighborBad:          "icmp: invalid neighbour discovery",
	DropSYNQueueFull:         "tcp: SYN queue full",
	DropAcceptQueueFull:      "tcp: accept queue full",
	DropDeferred:             "tcp: nothing but the ACK of a handshake that waits for data",
	DropReceiveQueueFull:     "receive queue full",
	DropOutputQueueFull:      "output queue full",
	DropICMPLimited:          "icmp: rate of errors limited",
	DropResetLimited:         "tcp: rate of resets limited",
}

// String returns the drop's name as counters show it.
func (d Drop) String() string {
	if int(d) < NumDrops {
		return dropNames[d]
	}
	return "invalid drop"
}
