package driver

import (
	"fmt"

	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
)

// callRuleset are the rules for connections that others begin.
//
// The segments of a call are not tracked, in either direction: connection 1 has the same addresses and ports, and conntrack
// is needed for that one, to have the listener's answers come to us.
type callRuleset struct {
	capture []rule // rewrite a caller's segments to the hidden port, marked and untracked
	untrack []rule // what the SDK sends back
	output  []rule // mark connection 1, as its first SYN is by its socket
}

func callRules(cfg *Config) (r callRuleset) {
	if len(cfg.Incoming) == 0 {
		return r
	}
	r.capture = []rule{
		{"iifname lo accept", append(named(expr.MetaKeyIIFNAME, "lo"), accept)},
		{"meta l4proto != tcp accept", append(l4(expr.CmpOpNeq), accept)},
		{"fib daddr type != local accept", append(addressType(false, expr.CmpOpNeq), accept)},
		{"ip6 saddr fe80::/10 accept", append(linkLocal(ip6Source), accept)},
	}
	for _, s := range earlierSets() {
		r.capture = append(r.capture, s.rule())
	}
	for i, p := range cfg.Incoming {
		hidden := cfg.hiddenPorts().first + uint16(i)
		r.capture = append(r.capture, rule{
			fmt.Sprintf("tcp dport %d notrack meta mark set %d tcp dport set %d", p, markCaller, hidden),
			join(port(destination, p), []expr.Any{&expr.Notrack{}}, setMark(markCaller), setPort(hidden)),
		})
		r.untrack = append(r.untrack, rule{
			fmt.Sprintf("meta mark %d tcp sport %d fib saddr type local notrack", markOurs, p),
			join(isMark(markOurs), l4(expr.CmpOpEq), port(source, p), addressType(true, expr.CmpOpEq), []expr.Any{&expr.Notrack{}}),
		})
	}
	r.output = []rule{
		{fmt.Sprintf("meta mark %d ct mark set %d", markCall, markCall), append(isMark(markCall), setFlowMark(markCall)...)},
		{fmt.Sprintf("ct mark %d meta mark set %d accept", markCall, markCall), join(isFlowMark(markCall), setMark(markCall), []expr.Any{accept})},
	}
	return r
}

// marks are those that lead to lo.
func (c *Config) marks() []uint32 {
	if len(c.Incoming) > 0 {
		return []uint32{markCaptured, markCall}
	}
	return []uint32{markCaptured}
}

// setPort rewrites the destination port, and the checksum with it.
func setPort(n uint16) []expr.Any {
	return []expr.Any{
		&expr.Immediate{Register: 1, Data: binaryutil.BigEndian.PutUint16(n)},
		&expr.Payload{
			OperationType: expr.PayloadWrite, SourceRegister: 1, Base: expr.PayloadBaseTransportHeader, Offset: destination, Len: 2,
			CsumType: expr.CsumTypeInet, CsumOffset: 16,
		},
	}
}
