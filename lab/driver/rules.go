package driver

import (
	"fmt"
	"strings"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// portRange is a range of ports, the last one included.
type portRange struct{ first, last uint16 }

func (r portRange) has(port uint16) bool { return port >= r.first && port <= r.last }

// A chain of the table, with the rules in it.
type chain struct {
	name     string
	kind     nftables.ChainType
	hook     *nftables.ChainHook
	priority *nftables.ChainPriority
	rules    []rule
}

// A rule, and the same for a human.
type rule struct {
	text  string
	exprs []expr.Any
}

// rules returns what is captured, in order:
//
//   - output marks the first SYN of connections that are to be captured, in conntrack, and with that all their packets; the
//     mark routes them to lo. What was connected before has no such mark and is left alone.
//   - tproxy hands them to our listener as they come in on lo.
//   - resets drops the kernel's RSTs to segments for the pool of source ports, of whose connections it knows nothing.
//
// What callRules adds is for connections that others begin.
func rules(cfg *Config) []chain {
	mode, ports := cfg.Mode, cfg.ports()
	calls := callRules(cfg)
	if len(cfg.Incoming) > 0 {
		ports.last = cfg.hiddenPorts().last
	}
	ours := append(isMark(markOurs), accept)
	oursText := fmt.Sprintf("meta mark %d accept", markOurs)
	output := []rule{
		{oursText, ours},
		{"meta l4proto != tcp accept", append(l4(expr.CmpOpNeq), accept)},
	}
	output = append(output, calls.output...)
	output = append(output, []rule{
		{"fib daddr type local accept", append(addressType(false, expr.CmpOpEq), accept)},
		{"ip6 daddr fe80::/10 accept", append(linkLocal(ip6Destination), accept)},
		{"tcp dport 22 accept", append(port(destination, 22), accept)},
		{"tcp sport 22 accept", append(port(source, 22), accept)},
	}...)
	from, fromText := []expr.Any(nil), ""
	if mode == Partial {
		from, fromText = partialSource(), "ip saddr "+PartialPrefix.String()+" "
	}
	output = append(output,
		rule{fromText + "tcp flags syn / syn,ack ct mark set 84", join(from, isSYN(), setFlowMark(markCaptured))},
		rule{"ct mark 84 meta mark set 84", append(isFlowMark(markCaptured), setMark(markCaptured)...)})
	tproxy := []rule{
		tproxyRule("ipv4", unix.NFPROTO_IPV4, []byte{127, 0, 0, 1}),
		tproxyRule("ipv6", unix.NFPROTO_IPV6, []byte{15: 1}),
	}
	resets := append(calls.untrack, []rule{
		{oursText, ours},
		{fmt.Sprintf("tcp sport %d-%d tcp flags rst drop", ports.first, ports.last), join(l4(expr.CmpOpEq), inRange(ports), hasRST(), []expr.Any{&expr.Verdict{Kind: expr.VerdictDrop}})},
	}...)
	chains := []chain{
		{"output", nftables.ChainTypeRoute, nftables.ChainHookOutput, nftables.ChainPriorityMangle, output},
		{"tproxy", nftables.ChainTypeFilter, nftables.ChainHookPrerouting, nftables.ChainPriorityMangle, tproxy},
		{"resets", nftables.ChainTypeFilter, nftables.ChainHookOutput, nftables.ChainPriorityRaw, resets},
	}
	if len(cfg.Incoming) > 0 {
		chains = append(chains, chain{"calls", nftables.ChainTypeFilter, nftables.ChainHookPrerouting, nftables.ChainPriorityRaw, calls.capture})
	}
	return chains
}

// Rules describes in the language of nft what mode sets up, for a reader.
func Rules(mode Mode, cfg Config) string {
	cfg.setDefaults()
	var b strings.Builder
	fmt.Fprintf(&b, "table inet %s { # owned by the driver's process\n", tableName)
	cfg.Mode = mode
	for _, c := range rules(&cfg) {
		fmt.Fprintf(&b, "  chain %s { # type %s\n", c.name, c.kind)
		for _, r := range c.rules {
			fmt.Fprintf(&b, "    %s\n", r.text)
		}
		b.WriteString("  }\n")
	}
	b.WriteString("}\n")
	for _, mark := range cfg.marks() {
		fmt.Fprintf(&b, "ip rule add priority %d fwmark %d lookup %d\n", rulePriority, mark, routingTable)
	}
	fmt.Fprintf(&b, "ip route add local default dev lo table %d\n", routingTable)
	b.WriteString("and these for IPv6\n")
	for _, r := range loopbackRules {
		fmt.Fprintf(&b, "ip rule add priority %d from %s ipproto tcp dport %d-%d lookup %d\n", rulePriority, PartialPrefix, r.first, r.last, routingTable)
	}
	return b.String()
}

var accept = &expr.Verdict{Kind: expr.VerdictAccept}

func join(parts ...[]expr.Any) (all []expr.Any) {
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

// word is a number in the host's byte order, as marks are.
func word(n uint32) []byte { return binaryutil.NativeEndian.PutUint32(n) }

func isMark(mark uint32) []expr.Any {
	return []expr.Any{
		&expr.Meta{Key: expr.MetaKeyMARK, Register: 1},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: word(mark)},
	}
}

func setMark(mark uint32) []expr.Any {
	return []expr.Any{
		&expr.Immediate{Register: 1, Data: word(mark)},
		&expr.Meta{Key: expr.MetaKeyMARK, Register: 1, SourceRegister: true},
	}
}

// isFlowMark and setFlowMark are about the mark in conntrack, of all packets of a connection.

func isFlowMark(mark uint32) []expr.Any {
	return []expr.Any{
		&expr.Ct{Key: expr.CtKeyMARK, Register: 1},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: word(mark)},
	}
}

func setFlowMark(mark uint32) []expr.Any {
	return []expr.Any{
		&expr.Immediate{Register: 1, Data: word(mark)},
		&expr.Ct{Key: expr.CtKeyMARK, Register: 1, SourceRegister: true},
	}
}

func l4(op expr.CmpOp) []expr.Any {
	return []expr.Any{
		&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: 1},
		&expr.Cmp{Op: op, Register: 1, Data: []byte{unix.IPPROTO_TCP}},
	}
}

func named(key expr.MetaKey, name string) []expr.Any {
	padded := make([]byte, unix.IFNAMSIZ)
	copy(padded, name)
	return []expr.Any{&expr.Meta{Key: key, Register: 1}, &expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: padded}}
}

// Where the ports are in a TCP header.
const (
	source      = 0
	destination = 2
)

func loadPort(at uint32) expr.Any {
	return &expr.Payload{DestRegister: 1, Base: expr.PayloadBaseTransportHeader, Offset: at, Len: 2}
}

func port(at uint32, n uint16) []expr.Any {
	return []expr.Any{loadPort(at), &expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: binaryutil.BigEndian.PutUint16(n)}}
}

func inRange(p portRange) []expr.Any {
	return []expr.Any{loadPort(source), &expr.Range{
		Op: expr.CmpOpEq, Register: 1, FromData: binaryutil.BigEndian.PutUint16(p.first), ToData: binaryutil.BigEndian.PutUint16(p.last),
	}}
}

// Flags of a TCP header, in its byte 13.
const (
	flagSYN = 0x02
	flagRST = 0x04
	flagACK = 0x10
)

func flags(mask byte, op expr.CmpOp, value byte) []expr.Any {
	return []expr.Any{
		&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseTransportHeader, Offset: 13, Len: 1},
		&expr.Bitwise{SourceRegister: 1, DestRegister: 1, Len: 1, Mask: []byte{mask}, Xor: []byte{0}},
		&expr.Cmp{Op: op, Register: 1, Data: []byte{value}},
	}
}

func isSYN() []expr.Any  { return flags(flagSYN|flagACK, expr.CmpOpEq, flagSYN) }
func hasRST() []expr.Any { return flags(flagRST, expr.CmpOpNeq, 0) }

// partialSource matches source addresses of PartialPrefix.
func partialSource() []expr.Any {
	prefix := PartialPrefix.Addr().As4()
	return []expr.Any{
		&expr.Meta{Key: expr.MetaKeyNFPROTO, Register: 1},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte{unix.NFPROTO_IPV4}},
		&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseNetworkHeader, Offset: 12, Len: 2},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: prefix[:2]},
	}
}

// addressType compares the type of the destination, or the source, with that of an address of this machine. The interface
// would not do: by it everything of 127.84.0.0/16 is.
func addressType(source bool, op expr.CmpOp) []expr.Any {
	return []expr.Any{
		&expr.Fib{Register: 1, ResultADDRTYPE: true, FlagDADDR: !source, FlagSADDR: source},
		&expr.Cmp{Op: op, Register: 1, Data: word(unix.RTN_LOCAL)},
	}
}

// Where the addresses are in an IPv6 header.
const (
	ip6Source      = 8
	ip6Destination = 24
)

// linkLocal matches addresses that say nothing without an interface, which the protocol has no word for.
func linkLocal(at uint32) []expr.Any {
	return []expr.Any{
		&expr.Meta{Key: expr.MetaKeyNFPROTO, Register: 1},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte{unix.NFPROTO_IPV6}},
		&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseNetworkHeader, Offset: at, Len: 2},
		&expr.Bitwise{SourceRegister: 1, DestRegister: 1, Len: 2, Mask: []byte{0xff, 0xc0}, Xor: []byte{0, 0}},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte{0xfe, 0x80}},
	}
}

// tproxyRule hands captured packets of a family that come in on lo to the listener at addr.
func tproxyRule(name string, family byte, addr []byte) rule {
	text := fmt.Sprintf("iifname lo meta nfproto %s meta mark %d meta l4proto tcp tproxy to :%d", name, markCaptured, listenPort)
	return rule{text, join(named(expr.MetaKeyIIFNAME, "lo"), l4(expr.CmpOpEq), []expr.Any{
		&expr.Meta{Key: expr.MetaKeyNFPROTO, Register: 1},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte{family}},
		&expr.Meta{Key: expr.MetaKeyMARK, Register: 1},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: word(markCaptured)},
		&expr.Immediate{Register: 1, Data: addr},
		&expr.Immediate{Register: 2, Data: binaryutil.BigEndian.PutUint16(listenPort)},
		&expr.TProxy{Family: family, TableFamily: unix.NFPROTO_INET, RegAddr: 1, RegPort: 2},
	})}
}
