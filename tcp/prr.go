package tcp

// rateReduction is the state of proportional rate reduction (RFC 9937): it brings the window down to ssthresh over one
// round trip, sending in proportion to what arrives.
type rateReduction struct {
	on        bool
	flight    int // RecoverFS: the window when the reduction began
	delivered int // prr_delivered: bytes that arrived since
	out       int // prr_out: bytes sent since
	window    int
}

// update decides, after an acknowledgment, how much may be in flight.
//
// RFC 9937, Section 6: "If inflight is above ssthresh, PRR reduces in proportion … SndCnt = CEIL(prr_delivered * ssthresh /
// RecoverFS) - prr_out"; else "SndCnt = MAX(prr_delivered - prr_out, DeliveredData)", one segment more "if SafeACK", and
// never beyond ssthresh; "Force a fast retransmit upon entering recovery".
//
// req: RFC8985 9.3-2, RFC9937 6-2, 6-4, 6-5, 6-6, 6-7
func (p *rateReduction) update(delivered, pipe, ssthresh, mss int, safe bool) {
	if !p.on || delivered == 0 && p.out > 0 {
		return
	}
	p.delivered += delivered
	var count int
	if pipe > ssthresh {
		count = int((int64(p.delivered)*int64(ssthresh)+int64(p.flight)-1)/int64(p.flight)) - p.out
	} else {
		count = max(p.delivered-p.out, delivered)
		if safe {
			count += mss
		}
		count = min(count, ssthresh-pipe)
	}
	if p.out == 0 {
		count = max(count, mss)
	}
	p.window = pipe + max(count, 0)
}
