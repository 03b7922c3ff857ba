package bench

import (
	"context"
	"testing"
	"time"
)

// TestAccept: connections come with and without a flood, ours and the kernel's.
func TestAccept(t *testing.T) {
	for _, who := range []Who{Antedon, Kernel} {
		rounds := 0
		p := AcceptPlan{Who: who, Time: 100 * time.Millisecond, Flood: 2000, Rounds: 2}
		l, err := p.Run(context.Background(), func() { rounds++ })
		if err != nil {
			t.Fatalf("%s: %v", who, err)
		}
		if rounds != 2 || l.Rate <= 0 || l.Flooded <= 0 || l.Kept <= 0 || l.Flood <= 0 {
			t.Errorf("%s: %d rounds, %+v", who, rounds, l)
		}
		t.Log(l.Describe())
	}
}
