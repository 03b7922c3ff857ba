package explore

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/antedon-net/antedon/internal/simnet"
)

// Kind says what happens to a packet.
type Kind uint8

const (
	Lost     Kind = iota
	Swapped       // with the next packet the same way
	Delayed       // by more than a round trip
	Late          // by more than a retransmission timeout, that of a SYN too
	Repeated      // it arrives twice
	Echoed        // it arrives again when a retransmission timeout has passed
)

var kindNames = [...]string{"lost", "swapped", "delayed", "late", "repeated", "echoed"}

func (k Kind) String() string { return kindNames[k] }

// Kinds returns all of them.
func Kinds() []Kind { return []Kind{Lost, Swapped, Delayed, Late, Repeated, Echoed} }

const (
	roundTrip  = 20 * time.Millisecond // of all exchanges
	muchLater  = roundTrip * 3 / 2
	afterTimer = 1500 * time.Millisecond
)

// Disturbance is what happens to one packet, counted from 0 in the order in which they leave.
type Disturbance struct {
	Packet int
	Kind   Kind
}

func (d Disturbance) fate() simnet.Fate {
	switch d.Kind {
	case Lost:
		return simnet.Fate{Drop: true}
	case Swapped:
		return simnet.Fate{Swap: true}
	case Delayed:
		return simnet.Fate{Delay: muchLater}
	case Late:
		return simnet.Fate{Delay: afterTimer}
	case Repeated:
		return simnet.Fate{Copy: true}
	default:
		return simnet.Fate{Copy: true, CopyDelay: afterTimer}
	}
}

// Case is the disturbances of one run, of different packets.
type Case []Disturbance

// String returns the form that ParseCase reads.
func (c Case) String() string {
	var b strings.Builder
	for i, d := range c {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%d:%v", d.Packet, d.Kind)
	}
	return b.String()
}

// ParseCase reads a Case such as "3:lost,7:late".
func ParseCase(s string) (Case, error) {
	var c Case
	for item := range strings.SplitSeq(s, ",") {
		if s == "" {
			break
		}
		var packet int
		var name string
		if _, err := fmt.Sscanf(strings.ReplaceAll(item, ":", " "), "%d %s", &packet, &name); err != nil {
			return nil, fmt.Errorf("%q: want the number of a packet and what happens to it, as in 3:lost", item)
		}
		k := slices.Index(kindNames[:], name)
		if k < 0 {
			return nil, fmt.Errorf("%q: want one of %v", item, Kinds())
		}
		c = append(c, Disturbance{packet, Kind(k)})
	}
	return c, nil
}

func (c Case) clone() Case { return slices.Clone(c) }

// fate returns what happens to a packet.
func (c Case) fate(number int) simnet.Fate {
	for _, d := range c {
		if d.Packet == number {
			return d.fate()
		}
	}
	return simnet.Fate{}
}
