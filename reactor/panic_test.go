package reactor

import (
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"
)

// caught returns what f panics with.
func caught(f func()) (v any) {
	defer func() { v = recover() }()
	f()
	return nil
}

// troubled registers two descriptors, two timers and two posted functions, of each of which the first panics.
func troubled(t *testing.T, l *Loop) (got *[]string) {
	got = new([]string)
	note := func(name string) { *got = append(*got, name) }
	at := l.Now()
	for i, name := range []string{"bad", "good"} {
		call := func(kind string) {
			note(name + " " + kind)
			if i == 0 {
				panic(kind)
			}
		}
		l.NewTimer(func() { call("timer") }).ResetAt(at)
		a, b := pair(t)
		send(t, b)
		register(t, l, a, Readable|OneShot, func(Events) { call("descriptor") })
		must(t, l.Post(func() { call("post") }))
	}
	block(200 * time.Microsecond) // so that the first turn finds the timers due
	return got
}

var wantTroubled = []string{"bad timer", "good timer", "bad descriptor", "good descriptor", "bad post", "good post"}

// TestPanicLeavesRun: without OnPanic each panic leaves Turn, and the next Turn goes on behind it.
func TestPanicLeavesRun(t *testing.T) {
	eachBackend(t, func(t *testing.T, c Config) {
		l := newLoop(t, c)
		got := troubled(t, l)
		var panics []any
		for len(*got) < len(wantTroubled) {
			if v := caught(func() { turn(t, l) }); v != nil {
				panics = append(panics, v)
			}
		}
		if !slices.Equal(*got, wantTroubled) {
			t.Errorf("called %q, want %q", *got, wantTroubled)
		}
		if want := []any{"timer", "descriptor", "post"}; !slices.Equal(panics, want) {
			t.Errorf("panics %v, want %v", panics, want)
		}
		if err := l.Turn(0); err != nil {
			t.Error(err)
		}
	})
}

func TestOnPanic(t *testing.T) {
	eachBackend(t, func(t *testing.T, c Config) {
		var panics []any
		var stack string
		c.OnPanic = func(v any) { panics, stack = append(panics, v), string(debug.Stack()) }
		l := newLoop(t, c)
		got := troubled(t, l)
		before := l.descs.count
		for len(*got) < len(wantTroubled) {
			turn(t, l)
		}
		if !slices.Equal(*got, wantTroubled) {
			t.Errorf("called %q, want %q", *got, wantTroubled)
		}
		if want := []any{"timer", "descriptor", "post"}; !slices.Equal(panics, want) {
			t.Errorf("panics %v, want %v", panics, want)
		}
		if !strings.Contains(stack, "troubled") {
			t.Errorf("OnPanic sees the stack\n%s\nwithout the callback", stack)
		}
		if l.descs.count != before-1 {
			t.Errorf("%d descriptors after, %d before: the one that panicked is to be removed", l.descs.count, before)
		}
		h := l.BeforeSleep(func() bool { panic("hook") })
		must(t, l.Turn(0))
		must(t, l.Turn(0))
		if n := len(panics); n != 4 || h.fn != nil {
			t.Errorf("%d panics, want 4: a hook that panics is removed", n)
		}
	})
}

// TestPanicAndClose: a loop that is closed by the callback that panics is closed when the panic leaves Run.
func TestPanicAndClose(t *testing.T) {
	l := newLoop(t, Config{})
	posted := 0
	l.AfterFunc(0, func() {
		must(t, l.Post(func() { posted++; panic("a posted function") }))
		must(t, l.Post(func() { posted++ }))
		l.Close()
		panic("a timer")
	})
	v := caught(func() { _ = l.Run() })
	<-l.Done()
	if v == nil || posted != 2 {
		t.Errorf("panic %v, %d posted functions called; want one, and 2", v, posted)
	}
}

// TestBlockingCallback: what becomes ready or due while a callback blocks is called afterwards, once each and in order.
func TestBlockingCallback(t *testing.T) {
	eachBackend(t, func(t *testing.T, c Config) {
		l := newLoop(t, c)
		var got []string
		note := func(name string) func() { return func() { got = append(got, name) } }
		a, b := pair(t)
		l.AfterFunc(0, func() {
			at := time.Now()
			l.NewTimer(note("late")).ResetAt(at.Add(60 * time.Millisecond))
			l.NewTimer(note("early")).ResetAt(at.Add(20 * time.Millisecond))
			register(t, l, a, Readable|OneShot, func(Events) { note("readable")() })
			send(t, b)
			must(t, l.Post(note("posted")))
			block(100 * time.Millisecond)
		})
		for len(got) < 4 {
			turn(t, l)
		}
		// The posted function belongs to the turn that the blocking callback is part of.
		if want := []string{"posted", "early", "late", "readable"}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}
