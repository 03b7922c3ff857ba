package simnet

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// census counts what happened in many runs: a property that is never put to the test proves nothing.
type census map[string]uint64

func (c *census) add(n *Net) {
	if *c == nil {
		*c = census{}
	}
	(*c)["packets"] += uint64(n.packets)
	(*c)["events"] += uint64(n.events)
	for what, k := range n.sights {
		(*c)[what] += k
	}
	for _, nd := range n.nodes {
		for name, k := range nd.host.Counters().All() {
			(*c)["counter: "+name] += k
		}
	}
	for _, k := range n.talks {
		for _, e := range k.ends {
			if e == nil {
				continue
			}
			i := e.conn.Info(n.now)
			(*c)["timeouts"] += i.Timeouts
			(*c)["recoveries"] += i.Recoveries
			(*c)["retransmits"] += i.TotalRetrans
			(*c)["bytes read"] += e.app.in.read
			(*c)[fmt.Sprintf("ended with %v", e.app.err)]++
		}
	}
}

func (c *census) String() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(*c)) {
		fmt.Fprintf(&b, "\n\t%10d %s", (*c)[name], name)
	}
	return b.String()
}

// checkComplete checks that everything worth testing has happened.
func (c *census) checkComplete(t *testing.T) {
	for _, name := range []string{
		"timeouts", "recoveries", "retransmits",
		sightZeroWindow, sightProbe, sightSACK, sightDSACK, sightFINWithData, sightReset, sightCrossedSYN, sightCrossedFIN, sightFastOpen, sightWrap,
		sightReuse, sightSuper, sightRepeatedSYN, sightRepeatedFIN, sightOutage, sightLinkFull, sightTooBig,
		sightECE, sightCWR,
		"counter: tcp: timestamp too old (PAWS)", "counter: tcp: accept queue full", "counter: tcp: SYN queue full",
		"counter: tcp: data after close", "counter: tcp: RST in TIME-WAIT", "counter: ICMP errors in",
		"counter: ip: wrong transport checksum", "counter: packets to self",
		"ended with <nil>", "ended with connection refused", "ended with connection reset by peer",
		"ended with connection timed out", "ended with broken pipe",
	} {
		if (*c)[name] == 0 {
			t.Errorf("%s: never happened", name)
		}
	}
}
