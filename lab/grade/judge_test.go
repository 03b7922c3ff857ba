package grade

import (
	"testing"
	"time"

	"github.com/antedon-net/antedon/wire"
)

// up is a segment of the program, down an acknowledgment of the peer; both in the order in which the program sees them.
func up(seq uint32, n int, fate fate) packet {
	return packet{fromSDK: true, h: wire.TCP{Seq: seq, Flags: wire.ACK}, n: n, fate: fate}
}

func again(p packet) packet {
	p.again = true
	return p
}

func down(ack uint32, window uint16) packet {
	return packet{h: wire.TCP{Ack: ack, Window: window, Flags: wire.ACK}}
}

// timed puts packets a millisecond apart.
func timed(pkts ...packet) []packet {
	for i := range pkts {
		pkts[i].at = time.Duration(i+1) * time.Millisecond
	}
	return pkts
}

func TestEdges(t *testing.T) {
	for _, tt := range []struct {
		name   string
		pkts   []packet
		beyond int
		full   bool
	}{
		{"used up", timed(down(1, 3000), up(1, 1500, delivered), up(1501, 1500, delivered)), 0, true},
		{"a probe", timed(down(1, 3000), up(1, 3000, delivered), up(3001, 1, delivered)), 1, true},
		{"too much", timed(down(1, 3000), up(1, 4000, delivered)), 1000, true},
		{"an edge that was taken back", timed(down(1, 3000), down(1, 0), up(1, 3000, delivered)), 0, true},
		{"little", timed(down(1, 30000), up(1, 1500, delivered)), 0, false},
	} {
		if beyond, full := edges(tt.pkts); beyond != tt.beyond || full != tt.full {
			t.Errorf("%s: got %d, %v, want %d, %v", tt.name, beyond, full, tt.beyond, tt.full)
		}
	}
}

func TestRepair(t *testing.T) {
	lossy := []packet{down(1, 9), up(1, 10, lost), up(11, 10, delivered), up(21, 10, delivered), up(31, 10, delivered)}
	repeat := again(up(1, 10, delivered))
	for _, tt := range []struct {
		name string
		pkts []packet
		want recovery
	}{
		{"never", timed(lossy...), recovery{}},
		{"after three", timed(append(lossy, down(1, 9), down(1, 9), down(1, 9), repeat)...), recovery{found: true, took: 7 * time.Millisecond, duplicates: 3}},
		{"after none, and one needlessly", timed(append(lossy, repeat, again(up(11, 10, delivered)))...), recovery{found: true, took: 4 * time.Millisecond, spurious: 1}},
	} {
		if got := repair(tt.pkts); got != tt.want {
			t.Errorf("%s: got %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

// round has a packet belong to a round.
func round(n int, pkts ...packet) []packet {
	for i := range pkts {
		pkts[i].round = n
	}
	return pkts
}

func TestFlights(t *testing.T) {
	syn := packet{fromSDK: true, h: wire.TCP{Seq: 0, Flags: wire.SYN}}
	pkts := []packet{syn}
	pkts = append(pkts, round(1, down(1, 9), up(1, 1000, delivered))...)
	pkts = append(pkts, round(2, down(1001, 9), up(1001, 1000, lost), up(2001, 1000, delivered), up(3001, 1000, delivered), up(4001, 1000, delivered))...)
	pkts = append(pkts, round(3, down(1001, 9), down(1001, 9), down(1001, 9), again(up(1001, 1000, delivered)), up(5001, 1000, delivered))...)
	pkts = append(pkts, round(4, down(5001, 9), up(6001, 1000, delivered))...)
	pkts = append(pkts, round(5, down(7001, 9), up(7001, 9000, delivered))...)
	if f := flights(pkts); f.first != 1000 || f.most != 4000 || f.after != 2000 || f.acknowledged() != 7000 {
		t.Errorf("got %+v, want 1000 bytes first, 4000 before the repair, 2000 in the round after it", f)
	}
}

// fromPeer is a segment with text of the peer.
func fromPeer(seq uint32) *packet {
	return &packet{h: wire.TCP{Seq: seq, Flags: wire.ACK}, n: 100}
}

func TestOvertaking(t *testing.T) {
	begin := func() *overtaking {
		o := &overtaking{}
		for i, want := range []fate{delivered, delivered, late, delivered, delivered} {
			if got := o.rule(fromPeer(uint32(1 + 100*i))); got != want {
				t.Fatalf("segment %d: got %v, want %v", i+1, got, want)
			}
		}
		return o
	}
	ack := func(n uint32) *packet { return &packet{fromSDK: true, h: wire.TCP{Ack: n, Flags: wire.ACK}} }
	early := again(*fromPeer(301))

	o := begin() // a program that is slow: the peer sends again before it has answered
	if got := o.rule(&early); got != lost {
		t.Errorf("got %v for what came early, want that it is lost", got)
	}
	third := again(*fromPeer(201))
	if got := o.rule(&third); got != delivered {
		t.Errorf("got %v for what did not come early", got)
	}
	if o.rule(ack(301)); o.reached {
		t.Error("an acknowledgment of the third alone is taken for one of all")
	}
	if o.rule(ack(501)); !o.reached {
		t.Error("the program kept what came early, and that was not seen")
	}

	o = begin() // a program that has dropped what came early
	for range earlyLost {
		o.rule(&early)
	}
	if got := o.rule(&early); got != delivered {
		t.Errorf("got %v, want that it gets it at last", got)
	}
	if o.rule(ack(501)); o.reached {
		t.Error("the program needed it again, and that was not seen")
	}
}

// TestGate: what the peer sends in a round waits until the round has taken its time and the program is quiet.
func TestGate(t *testing.T) {
	g := newGate()
	g.see(&packet{fromSDK: true})
	g.see(&packet{})
	g.see(&packet{})
	begun := g.waiting
	g.spoken = begun.Add(roundTime)
	for _, tt := range []struct {
		after time.Duration
		want  int
	}{{roundTime - 1, 0}, {roundTime, 0}, {roundTime + quietTime, 1}, {2 * roundTime, 1}} {
		if g.letPass(begun.Add(tt.after)); g.rounds() != tt.want {
			t.Errorf("after %v it has opened %d times, want %d", tt.after, g.rounds(), tt.want)
		}
	}
	if a, b := g.pass(), g.pass(); a != 1 || b != 1 {
		t.Errorf("got rounds %d and %d, want that both pass in the first", a, b)
	}
	g.open()
	g.pass() // does not wait any more
}
