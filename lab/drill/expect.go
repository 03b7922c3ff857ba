package drill

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/antedon-net/antedon/lab/exp4"
)

// backOff is how much later than the wait before, in percent, something has to come that backs off. RFC 6298 asks for twice
// the time; clocks that tick every 100 ms and a machine that is busy blur it.
const backOff = 125

// A wait is an expectation at work.
type wait struct {
	expect
	r      *run
	c      *conversation
	pieces *piecewise
	text   []byte   // that app_recv has to bring yet
	passed []string // segments that came, were not it, and need not be wrong
	last   []string // how the last of these differs
}

func (e expect) do(r *run, c *conversation) *Failure {
	w := &wait{expect: e, r: r, c: c}
	c.mu.Lock()
	for _, o := range e.options {
		if o.pieces {
			w.pieces = newPiecewise(c, o)
		}
		if o.seg == nil && o.flags == exp4.Data {
			w.text = o.data.at(c.delivered)
		}
	}
	c.mu.Unlock()
	return r.until(c, e.within, w.look, w.late)
}

// look looks at what has come.
func (w *wait) look() (*Failure, bool) {
	segments, calls := false, false
	for _, o := range w.options {
		segments, calls = segments || o.seg != nil, calls || o.seg == nil
	}
	if segments {
		if f, done := w.lookAtSegments(); done {
			return f, true
		}
	}
	if calls {
		return w.lookAtCalls()
	}
	return nil, false
}

func (w *wait) lookAtSegments() (*Failure, bool) {
	c := w.c
	for len(c.segs) > 0 {
		a := c.segs[0]
		c.segs = c.segs[1:]
		d := w.compare(&a)
		switch {
		case d == nil && w.pieces != nil && w.pieces.next != w.pieces.end:
		case d == nil:
			return w.matched(a.at), true
		case a.again || a.isBareACK(c):
			w.passed, w.last = append(w.passed, c.segment(&a)), d
		default:
			c.log[a.line].Note = "not expected"
			return &Failure{Expected: w.String(), Seen: c.segment(&a), Differences: d}, true
		}
	}
	return nil, false
}

// compare returns nil if a is expected, and else how it differs from what is.
func (w *wait) compare(a *arrival) (d []string) {
	if w.pieces != nil {
		return w.pieces.take(w.c, a)
	}
	for _, o := range w.options {
		if o.seg == nil {
			continue
		}
		this := o.seg.differences(w.c, a)
		if len(this) == 0 {
			return nil
		}
		if d == nil || len(this) < len(d) {
			d = this
		}
	}
	return d
}

func (w *wait) lookAtCalls() (*Failure, bool) {
	c := w.c
	for len(c.calls) > 0 {
		a := &c.calls[0]
		switch {
		case !w.wants(a.flags):
			c.log[a.line].Note = "not expected"
			return &Failure{Expected: w.String(), Seen: a.call()}, true
		case a.flags != exp4.Data:
			at := a.at
			c.calls = c.calls[1:]
			return w.matched(at), true
		}
		n := min(len(a.bytes), len(w.text))
		if !bytes.Equal(a.bytes[:n], w.text[:n]) || n == 0 {
			c.log[a.line].Note = "not expected"
			return &Failure{Expected: "app_recv " + quoted(w.text), Seen: a.call(), Differences: firstDifference(a.bytes, w.text, c.delivered)}, true
		}
		at := a.at
		c.delivered += n
		w.text, a.bytes = w.text[n:], a.bytes[n:]
		if len(a.bytes) == 0 {
			c.calls = c.calls[1:]
		}
		if len(w.text) == 0 {
			return w.matched(at), true
		}
	}
	return nil, false
}

// firstDifference says where two texts, which begin at that place of a stream, differ.
func firstDifference(got, want []byte, place int) []string {
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			return []string{fmt.Sprintf("byte %d of the stream is %q, want %q", place+i+1, got[i], want[i])}
		}
	}
	return nil
}

// wants reports whether the call is one of what is expected.
func (w *wait) wants(flags exp4.Flags) bool {
	for _, o := range w.options {
		if o.seg == nil && o.flags == flags {
			return true
		}
	}
	return false
}

// matched notes when it came, and looks whether that was the time.
func (w *wait) matched(at time.Time) *Failure {
	waited := at.Sub(w.r.last)
	before := w.r.gap
	if at.After(w.r.last) {
		w.r.last, w.r.gap = at, waited
	}
	switch {
	case w.notBefore > 0 && waited < w.notBefore:
		return &Failure{Expected: fmt.Sprintf("%s, not before %v", w, w.notBefore), Seen: fmt.Sprintf("it, but after %v already", round(waited))}
	case w.backsOff && waited*100 < before*backOff:
		return &Failure{Expected: w.String() + ", later than the time before", Seen: fmt.Sprintf("it, after %v; the time before it took %v", round(waited), round(before))}
	}
	return nil
}

func round(d time.Duration) time.Duration { return d.Round(time.Millisecond) }

// late is called when time has run out.
func (w *wait) late() *Failure {
	f := &Failure{Expected: w.String(), Seen: fmt.Sprintf("nothing within %v", w.within)}
	if n := len(w.passed); n > 0 {
		f.Seen = fmt.Sprintf("within %v only %s", w.within, w.passed[n-1])
		f.Differences = w.last
	}
	if len(w.text) > 0 {
		f.Expected = "app_recv " + quoted(w.text)
	}
	return f
}

// String says what is expected.
func (w *wait) String() string {
	options := make([]string, len(w.options))
	for i := range w.options {
		options[i] = w.options[i].String()
	}
	return strings.Join(options, ", or ")
}

func (o *option) String() string {
	if o.seg != nil {
		text := o.seg.written
		if o.pieces {
			text += " in one or more segments"
		}
		if o.most > 0 {
			text += fmt.Sprintf(" of at most %d bytes", o.most)
		}
		return text
	}
	if o.flags == exp4.Data {
		return "app_recv " + o.data.written
	}
	return o.flags.ToDriver()
}
