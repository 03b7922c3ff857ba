package grade

import (
	"context"
	"sync"
	"time"
)

// A gate makes a path go by rounds: it keeps what the peer sends from the program until the program has said all that it has
// to say, and then lets it all pass at once. So what a program sends in one round is what it takes for right to have under way,
// and not what a busy machine let it send.
type gate struct {
	mu      sync.Mutex
	turn    sync.Cond
	seen    int       // packets of the peer that came
	passed  int       // those of them that passed
	allowed int       // how many may pass
	opened  int       // how often it opened
	isOpen  bool      // for good
	waiting time.Time // since when the first one waits
	spoken  time.Time // when the program sent its last packet
}

// A round takes roundTime at least, and until the program has been quiet for quietTime.
const (
	roundTime = 500 * time.Millisecond
	quietTime = 250 * time.Millisecond
)

func newGate() *gate {
	g := &gate{}
	g.turn.L = &g.mu
	return g
}

// see is told of every packet that sets out, and returns the round.
func (g *gate) see(p *packet) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case p.fromSDK:
		g.spoken = time.Now()
	case p.fate == delivered:
		if g.seen == g.allowed {
			g.waiting = time.Now()
		}
		g.seen++
	}
	return g.opened
}

// pass waits until the next packet of the peer may pass, and returns the round.
func (g *gate) pass() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	for g.passed >= g.allowed && !g.isOpen {
		g.turn.Wait()
	}
	g.passed++
	return g.opened
}

// rounds returns how often it opened.
func (g *gate) rounds() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.opened
}

// open opens it for good.
func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.isOpen = true
	g.turn.Broadcast()
}

// run opens and closes the gate until ctx is done.
func (g *gate) run(ctx context.Context) {
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-look.C:
			g.letPass(now)
		}
	}
}

// letPass lets those pass that wait, if it is time.
func (g *gate) letPass(now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.seen > g.allowed && now.Sub(g.waiting) >= roundTime && now.Sub(g.spoken) >= quietTime {
		g.allowed = g.seen
		g.opened++
		g.turn.Broadcast()
	}
}
