package drill

import (
	"bytes"
	"fmt"
	"sync"
	"time"

	"github.com/antedon-net/antedon/lab/exp4"
	"github.com/antedon-net/antedon/wire"
)

// A conversation is one connection between the program, TCP A, and the drill, TCP B. The numbers are the program's, as they
// can be known from outside.
type conversation struct {
	id    int
	name  exp4.Conn // Src is the program's end
	begun time.Time
	wake  chan struct{} // told when something has arrived

	mu     sync.Mutex // guards what follows
	iss    uint32     // of the program, once it has sent something
	hasISS bool
	irs    uint32 // of the drill
	snd    struct {
		una, nxt uint32
	}
	rcv struct {
		nxt   uint32 // the end of what it has got, if it keeps what comes out of order
		edge  uint32 // of the window it has offered
		early []stretch
	}
	wrote     []byte // by the application
	delivered int    // bytes, to the application, that were expected
	a, b      end
	segs      []arrival // not looked at yet
	calls     []arrival
	fault     *Failure // something that is wrong in every script
	log       []Line
	size      int  // bytes of what the program has said
	uncalled  bool // the program has yet to be told that the drill opens
	closed    bool // what comes now is of no interest
}

// stretch is a piece of what the drill has sent.
type stretch struct{ low, high uint32 }

// An arrival is what came from the program.
type arrival struct {
	at    time.Time
	line  int // in the log
	flags exp4.Flags
	bytes []byte // of app_recv
	h     wire.TCP
	text  []byte
	again bool // all that it takes of the sequence space was sent before
}

func newConversation(id int, name exp4.Conn, irs uint32, incoming bool) *conversation {
	c := &conversation{id: id, name: name, irs: irs, begun: time.Now(), wake: make(chan struct{}, 1)}
	c.rcv.nxt, c.rcv.edge = irs, irs
	c.a.passive, c.b.passive, c.uncalled = incoming, !incoming, incoming
	return c
}

// What a program may say in a script: more is a flood.
const (
	mostLines = 5000
	mostBytes = 16 << 20
)

// take notes what the program has said.
func (c *conversation) take(m *exp4.Message) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	c.size += len(m.Bytes)
	if len(c.log) > mostLines || c.size > mostBytes {
		c.note("and so on", true)
		c.fail(nil, fmt.Sprintf("at most %d segments and calls, of %d bytes", mostLines, mostBytes), "a flood")
		c.closed = true
	} else {
		c.taken(m)
	}
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

func (c *conversation) taken(m *exp4.Message) {
	a := arrival{at: time.Now(), flags: m.Flags, line: len(c.log)}
	if m.Flags == exp4.Segment {
		c.takeSegment(&a, m.Bytes)
	} else {
		a.bytes = bytes.Clone(m.Bytes)
		c.onCall(m.Flags)
		c.note(callText(m.Flags.ToDriver(), m.Bytes), true)
		c.calls = append(c.calls, a)
	}
}

// takeSegment notes a segment of the program, and what is wrong with it whatever is expected.
func (c *conversation) takeSegment(a *arrival, b []byte) {
	h, text, err := wire.ParseTCP(b)
	if err != nil {
		c.noteRaw(bytes.Clone(b))
		c.fail(ruleHeader, "a segment with a whole header", fmt.Sprintf("%d bytes: %v", len(b), err))
		return
	}
	a.h, a.text = h, bytes.Clone(text)
	c.follow(a)
	c.noteSegment(&h, a.text, bytes.Clone(b))
	c.checkAlways(a, b)
	c.segs = append(c.segs, *a)
}

// inject makes a segment to the program and notes it.
func (c *conversation) inject(seg *segment) *exp4.Message {
	c.mu.Lock()
	defer c.mu.Unlock()
	b, h, text, whole := seg.build(c)
	if whole {
		c.advance(&h, text)
	}
	l := c.note(describe(&h, text, c.irs, c.iss, "IRS", "ISS")+seg.oddities(), false)
	l.segment, l.raw = true, b
	if c.uncalled {
		c.uncalled = false
		return c.message(exp4.PeerConnect, b)
	}
	return c.message(exp4.Segment, b)
}

// onCall moves the program's state on where it says so itself.
func (c *conversation) onCall(flags exp4.Flags) {
	if flags == exp4.RST || flags == exp4.Release {
		c.a.reset = true
	}
}

// fail notes what is wrong in every script. The first such thing counts.
func (c *conversation) fail(rule *Rule, expected, seen string) {
	c.log[len(c.log)-1].Note = "wrong"
	if c.fault == nil {
		c.fault = &Failure{Rule: rule, Expected: expected, Seen: seen, general: rule == nil}
	}
}

// close ends the conversation: nothing is noted from now on.
func (c *conversation) close() []Line {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	return c.log
}
