package drill

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/antedon-net/antedon/lab/exp4"
)

// A Failure is why a script did not pass.
type Failure struct {
	Line        int      `json:"line"` // in the script
	Step        string   `json:"step"`
	Expected    string   `json:"expected"`
	Seen        string   `json:"seen"`
	Differences []string `json:"differences,omitempty"`
	Explain     string   `json:"explain,omitempty"`
	Rule        *Rule    `json:"rule,omitempty"`
	general     bool     // it has nothing to do with the step
	stage       int      // of the step
}

// A run is a script at work.
type run struct {
	ctx    context.Context
	script *Script
	prog   *program
	conns  map[int]*conversation

	last time.Time     // when the step before was done: for what it expected, when that came
	gap  time.Duration // between the two things expected last
	turn bool          // the step before expected something
}

// play plays a script to a program. It returns why it failed, if it did, and what was said.
func play(ctx context.Context, prog *program, s *Script) (*Failure, []Line) {
	r := &run{ctx: ctx, script: s, prog: prog, conns: make(map[int]*conversation), last: time.Now()}
	var failure *Failure
	for i := range s.Steps {
		step := &s.Steps[i]
		c := r.conversation(step.conn)
		if failure = step.do.do(r, c); failure != nil {
			failure.complete(step)
			break
		}
		_, r.turn = step.do.(expect)
	}
	return failure, r.end()
}

// complete puts in what the step says.
func (f *Failure) complete(s *Step) {
	f.Line, f.Step, f.stage = s.Line, s.Text, s.stage
	if f.general {
		return
	}
	if f.Rule == nil || f.Rule == ruleAck { // what must not be acknowledged is what the step is about
		f.Explain = s.Explain
	}
	if f.Rule == nil {
		f.Rule = s.Rule
	}
}

// conversation returns the connection of that number, which begins when it is first spoken of.
func (r *run) conversation(id int) *conversation {
	c := r.conns[id]
	if c == nil {
		c = r.prog.open(id, r.script.IRS, r.script.Incoming)
		if first := r.conns[1]; first != nil {
			c.begun = first.begun
		}
		r.conns[id] = c
	}
	return c
}

// end has the program forget the connections, and returns what was said, in order.
func (r *run) end() []Line {
	var all []Line
	for _, id := range slices.Sorted(maps.Keys(r.conns)) {
		r.prog.close(r.conns[id])
		all = append(all, r.conns[id].close()...)
	}
	slices.SortStableFunc(all, func(a, b Line) int { return cmp.Compare(a.At, b.At) })
	return all
}

func (k call) do(r *run, c *conversation) *Failure {
	var b []byte
	if k.flags == exp4.Data {
		b = c.write(&k.data)
	}
	c.mu.Lock()
	if k.flags == exp4.RST {
		c.a.reset = true
	}
	c.note(callText(k.flags.ToSDK(), b), false)
	c.mu.Unlock()
	r.last = time.Now()
	r.prog.send(c.message(k.flags, b))
	return nil
}

func (i inject) do(r *run, c *conversation) *Failure {
	if r.turn {
		c.passOver() // what came before cannot be the answer
	}
	m := c.inject(i.seg)
	r.last = time.Now()
	r.prog.send(m)
	return nil
}

// passOver forgets what need not have been expected.
func (c *conversation) passOver() {
	c.mu.Lock()
	defer c.mu.Unlock()
	var keep []arrival
	for i := range c.segs {
		if a := &c.segs[i]; !a.again && !a.isBareACK(c) {
			keep = append(keep, *a)
		}
	}
	c.segs = keep
}

func (p pause) do(r *run, c *conversation) *Failure {
	return r.until(c, p.d, func() (*Failure, bool) { return nil, false }, nil)
}

func (s silence) do(r *run, c *conversation) *Failure {
	fail := func(seen string, line int) (*Failure, bool) {
		c.log[line].Note = "not expected"
		return &Failure{Expected: s.String(), Seen: seen}, true
	}
	return r.until(c, s.d, func() (*Failure, bool) {
		for ; len(c.segs) > 0; c.segs = c.segs[1:] {
			a := &c.segs[0]
			if !(a.again && !s.total) && !(s.butACKs && a.isBareACK(c)) {
				return fail(c.segment(a), a.line)
			}
		}
		if len(c.calls) > 0 {
			return fail(c.calls[0].call(), c.calls[0].line)
		}
		return nil, false
	}, nil)
}

// String says what is expected.
func (s silence) String() string {
	switch text := fmt.Sprintf("for %v", s.d); {
	case s.total:
		return "nothing at all " + text
	case s.butACKs:
		return "nothing but acknowledgments " + text
	default:
		return "nothing but what was sent before " + text
	}
}

// until waits until look has come to an end, or for d; then it is late's turn, which may be nil. look is called with the
// conversation's mutex held, once at the beginning and whenever something has come.
func (r *run) until(c *conversation, d time.Duration, look func() (*Failure, bool), late func() *Failure) *Failure {
	timer := time.NewTimer(d)
	defer timer.Stop()
	for {
		if f, done := c.looked(look); done {
			return f
		}
		select {
		case <-c.wake:
		case <-timer.C:
			if f, done := c.looked(look); done {
				return f
			}
			r.last = time.Now()
			if late == nil {
				return nil
			}
			c.mu.Lock()
			defer c.mu.Unlock()
			return late()
		case <-r.prog.done:
			return &Failure{Expected: "a program that runs", Seen: "the program ended: " + r.prog.why(), general: true}
		case <-r.ctx.Done():
			return &Failure{Expected: "time to finish", Seen: "interrupted", general: true}
		}
	}
}

// looked looks, and finds what is wrong whatever is expected before anything else.
func (c *conversation) looked(look func() (*Failure, bool)) (*Failure, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fault != nil {
		return c.fault, true
	}
	return look()
}

// segment describes a segment of the program.
func (c *conversation) segment(a *arrival) string {
	return describe(&a.h, a.text, c.iss, c.irs, "ISS", "IRS")
}

// call describes a call of the program.
func (a *arrival) call() string {
	text := a.flags.ToDriver()
	if len(a.bytes) > 0 {
		text += " " + quoted(a.bytes)
	}
	return text
}
