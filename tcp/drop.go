package tcp

// Drop says why a segment, or its text, was not used. The zero Drop means that it was.
type Drop uint8

const (
	Accepted Drop = iota
	DropClosed
	DropOutOfWindow
	DropOldTimestamp
	DropNoTimestamp
	DropBadAckInHandshake
	DropRSTInHandshake
	DropRSTOutOfWindow
	DropRSTInexact
	DropRSTInTimeWait
	DropSYNInWindow
	DropNoACK
	DropACKOfUnsent
	DropACKTooOld
	DropDuplicate
	DropAfterFIN
	DropAfterClose
	DropNoMemory
	DropNotSYN
	DropBadCookie
	numDrops
)

var dropNames = [...]string{
	Accepted:              "accepted",
	DropClosed:            "tcp: connection closed",
	DropOutOfWindow:       "tcp: outside the receive window",
	DropOldTimestamp:      "tcp: timestamp too old (PAWS)",
	DropNoTimestamp:       "tcp: timestamp missing",
	DropBadAckInHandshake: "tcp: unacceptable ACK during handshake",
	DropRSTInHandshake:    "tcp: RST without acceptable ACK during handshake",
	DropRSTOutOfWindow:    "tcp: RST outside the receive window",
	DropRSTInexact:        "tcp: RST not at RCV.NXT (challenged)",
	DropRSTInTimeWait:     "tcp: RST in TIME-WAIT",
	DropSYNInWindow:       "tcp: SYN on a synchronized connection (challenged)",
	DropNoACK:             "tcp: no ACK",
	DropACKOfUnsent:       "tcp: ACK beyond SND.NXT",
	DropACKTooOld:         "tcp: ACK too old",
	DropDuplicate:         "tcp: duplicate",
	DropAfterFIN:          "tcp: data after FIN",
	DropAfterClose:        "tcp: data after close",
	DropNoMemory:          "tcp: receive memory exhausted",
	DropNotSYN:            "tcp: not a SYN",
	DropBadCookie:         "tcp: not a valid SYN cookie",
}

// NumDrops is the number of Drop values: counters can be an array of this length.
const NumDrops = int(numDrops)

// String returns the drop's name as counters show it.
func (d Drop) String() string {
	if int(d) < len(dropNames) {
		return dropNames[d]
	}
	return "tcp: invalid drop"
}
