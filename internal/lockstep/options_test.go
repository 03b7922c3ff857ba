package lockstep

import (
	"fmt"
	"strings"
)

// sizes are MSS options, -1 for none, and what full-sized segments to a peer that sent them carry.
//
// req: RFC9293 MUST-14, MUST-15, MUST-16
var sizes = []struct{ mss, segment int }{
	{-1, 536}, {0, 536}, {64, 64}, {536, 536}, {1460, 1460}, {9000, 1460}, {65495, 1460},
}

// negotiation is about SYNs with every combination of options, and what they lead to.
//
// req: RFC7323 2.2-1, 2.2-2, 2.3-1, 2.3-2, RFC2018 2-1
var negotiation = append(synOffers(), sizeScripts()...)

// synOffers are scripts in which peers offer every combination of MSS, window scale, SACK and timestamps to a listener, and
// of the latter three to a client. The layout of the answers is compared without being written down.
func synOffers() (scripts []Script) {
	for _, size := range sizes {
		var b strings.Builder
		b.WriteString("listen\n")
		n := 0
		for scale := -1; scale <= 15; scale++ {
			for both := range 4 {
				n++
				offer, answer := offer(size.mss, scale, both&1 != 0, both&2 != 0)
				fmt.Fprintf(&b, "flow %d\n> <SEQ=0><WND=1000><CTL=SYN>%s\n< <SEQ=0><ACK=1><CTL=SYN,ACK>%s\n> <SEQ=1><CTL=RST>\n", n, offer, answer)
			}
		}
		scripts = append(scripts, Script{fmt.Sprintf("SYN-ACKs to MSS %d and every other option", size.mss), b.String()})
	}
	return scripts
}

// offer returns the options of a SYN and those of the SYN-ACK that answers it.
func offer(mss, scale int, sack, stamps bool) (syn, answer string) {
	if mss >= 0 {
		syn = fmt.Sprintf("<MSS=%d>", mss)
	}
	answer = "<MSS=1460>"
	if scale >= 0 {
		syn += fmt.Sprintf("<WS=%d>", scale)
		answer += "<WS=7>"
	}
	if sack {
		syn, answer = syn+"<SACKOK>", answer+"<SACKOK>"
	}
	if stamps {
		syn, answer = syn+"<TS=5,0>", answer+"<TS=0,5>"
	} else {
		answer += "<NOTS>"
	}
	return syn, answer
}

// sizeScripts are scripts in which peers with some MSS get three segments.
func sizeScripts() (scripts []Script) {
	for _, size := range sizes {
		for _, stamps := range []bool{false, true} {
			options, n := "<WND=65535>", size.segment
			if size.mss >= 0 {
				options += fmt.Sprintf("<MSS=%d>", size.mss)
			}
			if stamps {
				options, n = options+"<TS=0,0>", n-12
			}
			scripts = append(scripts, Script{fmt.Sprintf("segments to MSS %d, timestamps %v", size.mss, stamps), fmt.Sprintf(`
				passive %s rtt=50ms
				set nodelay
				write %d
				< <SEQ=1><ACK=1><DATA=%d><CTL=ACK>
				< <SEQ=%d><ACK=1><DATA=%d><CTL=ACK>
				< <SEQ=%d><ACK=1><DATA=1><CTL=ACK,PSH>
			`, options, 2*n+1, n, n+1, n, 2*n+1)})
		}
	}
	return append(scripts, Script{"segments over IPv6 to no MSS", `
		config ipv6
		passive <WND=65535> rtt=50ms
		set nodelay
		write 1221
		< <SEQ=1><ACK=1><DATA=1220><CTL=ACK>
		< <SEQ=1221><ACK=1><DATA=1><CTL=ACK,PSH>
	`})
}
