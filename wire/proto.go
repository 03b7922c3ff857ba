package wire

import "strconv"

// Proto is an IP protocol number, in IPv6 also the type of the next header.
type Proto uint8

const (
	ProtoHopByHop Proto = 0
	ProtoICMP     Proto = 1
	ProtoIGMP     Proto = 2
	ProtoIPv4     Proto = 4 // IPv4 in IP
	ProtoTCP      Proto = 6
	ProtoUDP      Proto = 17
	ProtoIPv6     Proto = 41 // IPv6 in IP
	ProtoRouting  Proto = 43
	ProtoFragment Proto = 44
	ProtoGRE      Proto = 47
	ProtoESP      Proto = 50
	ProtoAH       Proto = 51
	ProtoICMPv6   Proto = 58
	ProtoNone     Proto = 59
	ProtoDestOpts Proto = 60
	ProtoSCTP     Proto = 132
)

var protoNames = map[Proto]string{
	ProtoHopByHop: "HBH",
	ProtoICMP:     "ICMP",
	ProtoIGMP:     "IGMP",
	ProtoIPv4:     "IPIP",
	ProtoTCP:      "TCP",
	ProtoUDP:      "UDP",
	ProtoIPv6:     "IPv6",
	ProtoRouting:  "RH",
	ProtoFragment: "frag",
	ProtoGRE:      "GRE",
	ProtoESP:      "ESP",
	ProtoAH:       "AH",
	ProtoICMPv6:   "ICMPv6",
	ProtoNone:     "none",
	ProtoDestOpts: "DSTOPT",
	ProtoSCTP:     "SCTP",
}

func (p Proto) String() string {
	if s, ok := protoNames[p]; ok {
		return s
	}
	return "proto " + strconv.Itoa(int(p))
}

// ECN is the congestion mark of an IP packet: the two low bits of its TOS or traffic class (RFC 3168, Section 5).
type ECN uint8

const (
	NotECT ECN = 0
	ECT1   ECN = 1
	ECT0   ECN = 2
	CE     ECN = 3
)

func (e ECN) String() string {
	return [...]string{"Not-ECT", "ECT(1)", "ECT(0)", "CE"}[e&3]
}
