package reactor

import "slices"

// Hook is a function that a loop calls in every turn.
type Hook struct {
	loop *Loop
	fn   func() (busy bool)
}

// BeforeSleep has fn called in every turn, after all callbacks and before the loop waits: the place to send what callbacks
// have gathered, and to set the timer for what comes next. If fn reports that it is busy the loop looks for what is ready
// without waiting. Hooks are called in the order in which they were added.
func (l *Loop) BeforeSleep(fn func() (busy bool)) *Hook {
	h := &Hook{l, fn}
	l.hooks = append(l.hooks, h)
	return h
}

// Remove ends the calls. A hook may remove itself and others.
func (h *Hook) Remove() {
	if i := slices.Index(h.loop.hooks, h); i >= 0 {
		h.loop.hooks = slices.Concat(h.loop.hooks[:i], h.loop.hooks[i+1:]) // not in place: runHooks may be at work
	}
	h.fn = nil
}

// runHooks reports whether any is busy. A hook that panics under Config.OnPanic is removed.
func (l *Loop) runHooks() (busy bool) {
	for _, h := range l.hooks {
		if h.fn != nil && l.runHook(h) {
			busy = true
		}
	}
	return busy
}

func (l *Loop) runHook(h *Hook) (busy bool) {
	if l.config.OnPanic == nil {
		return h.fn()
	}
	l.survive(func(l *Loop) {
		l.culprit = h
		busy = h.fn()
	})
	return busy
}

func (h *Hook) failed() { h.Remove() }

// AtClose has fn called when the loop closes, before its connections are closed. Hooks are called once, in the order in which
// they were added.
func (l *Loop) AtClose(fn func()) *Hook {
	h := &Hook{l, func() bool { fn(); return false }}
	l.atClose = append(l.atClose, h)
	return h
}

// runAtClose calls each of the hooks once, also if one before it has panicked.
func (l *Loop) runAtClose() {
	for len(l.atClose) > 0 {
		h := l.atClose[0]
		l.atClose = l.atClose[1:]
		if h.fn != nil {
			l.culprit = nil
			h.fn()
		}
	}
}

// Callback is a callback that somebody makes from within another: a stack that the loop drives, for its connections.
type Callback interface {
	// Call makes it.
	Call()
	// Failed is called if Call has panicked and Config.OnPanic takes it.
	Failed()
}

// Call makes c's callback from within another. Under Config.OnPanic a panic ends c's and not what that other one belongs to.
func (l *Loop) Call(c Callback) {
	if l.config.OnPanic == nil {
		c.Call()
		return
	}
	done := false
	defer func() {
		if done {
			return
		}
		if v := recover(); v != nil {
			c.Failed()
			l.config.OnPanic(v)
		}
	}()
	c.Call()
	done = true
}
