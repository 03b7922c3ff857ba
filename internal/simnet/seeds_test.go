package simnet

import (
	"flag"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/wire"
)

var seed = flag.Int64("seed", -1, "run the scenario of this seed only")
var count = flag.Int("seeds", 1000, "how many")
var first = flag.Int("first", 0, "first seed")

func TestSeeds(t *testing.T) {
	if *seed >= 0 {
		s := Draw(FromSeed(uint64(*seed)))
		n := s.Build()
		n.thorough = true
		if *trace {
			n.tap = printer{}
		}
		err := n.Finish()
		t.Log(s)
		if err != nil {
			t.Fatal(err)
		}
		t.Log(n.Elapsed(), n.events, n.packets)
		return
	}
	bad := 0
	tot := map[string]uint64{}
	defer func() {
		for _, k := range slices.Sorted(maps.Keys(tot)) {
			t.Log(k, tot[k])
		}
	}()
	for i := *first; i < *first + *count && bad < 20; i++ {
		n := Draw(FromSeed(uint64(i))).Build()
		if err := n.Finish(); err != nil {
			t.Errorf("seed %d: %v", i, err)
			bad++
		}
		tot["packets"] += uint64(n.packets)
		tot["events"] += uint64(n.events)
		for _, nd := range n.nodes {
			for k, v := range nd.host.Counters().All() {
				tot[k] += v
			}
		}
		for _, k := range n.talks {
			for _, e := range k.ends {
				if e != nil {
					i := e.conn.Info(n.now)
					tot["timeouts"] += i.Timeouts
					tot["recoveries"] += i.Recoveries
					tot["retrans"] += i.TotalRetrans
					tot["err "+fmt.Sprint(e.app.err)]++
				}
			}
		}
	}
}

var trace = flag.Bool("packets", false, "print packets")

type printer struct{}

func (printer) packet(now mono.Time, at *Node, sent bool, b []byte) {
	fmt.Printf("%v %v %v %s\n", now.Sub(start), at, map[bool]string{true: "sends", false: "   gets"}[sent], wire.Format(b))
}
