package reactor

import (
	"slices"
	"testing"
)

// callee is a callback within another.
type callee struct {
	call func()
	log  *[]string
	name string
}

func (c *callee) Call()   { *c.log = append(*c.log, c.name); c.call() }
func (c *callee) Failed() { *c.log = append(*c.log, c.name+" failed") }

// A panic in a callback within another ends that one only, if the loop takes panics, and else passes through.
func TestCallWithin(t *testing.T) {
	var log []string
	var taken []any
	for _, onPanic := range []func(any){nil, func(v any) { taken = append(taken, v) }} {
		log, taken = nil, nil
		l := newLoop(t, Config{OnPanic: onPanic})
		bad := &callee{func() { panic("bad") }, &log, "bad"}
		good := &callee{func() {}, &log, "good"}
		must(t, l.Post(func() { l.Call(good); l.Call(bad); l.Call(good) }))
		v := caught(func() { turn(t, l) })
		if onPanic == nil {
			if want := []string{"good", "bad"}; v != "bad" || !slices.Equal(log, want) {
				t.Errorf("panic %v after %q, want bad after %q", v, log, want)
			}
			continue
		}
		if want := []string{"good", "bad", "bad failed", "good"}; v != nil || !slices.Equal(log, want) || !slices.Equal(taken, []any{"bad"}) {
			t.Errorf("panic %v, taken %v after %q, want none, bad after %q", v, taken, log, want)
		}
	}
}

// AtClose hooks are called once each, in order, before connections end, also beside one that panics; not if they were removed.
func TestAtClose(t *testing.T) {
	var log []string
	l := newLoop(t, Config{OnPanic: func(any) { log = append(log, "panic") }})
	note := func(s string) func() { return func() { log = append(log, s) } }
	l.AtClose(note("first"))
	removed := l.AtClose(note("removed"))
	l.AtClose(func() { panic("x") })
	l.AtClose(note("last"))
	removed.Remove()
	must(t, l.Close())
	must(t, l.Close())
	if want := []string{"first", "panic", "last"}; !slices.Equal(log, want) {
		t.Errorf("called %q, want %q", log, want)
	}
}
