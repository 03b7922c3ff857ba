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
