package reactor

// culprit is whose callback is running: what a panic takes down.
type culprit interface{ failed() }

// guard calls run, which calls back until nothing is left, and again after each panic that Config.OnPanic takes.
//
// There is no recover without OnPanic: a panic passes through with its stack, and run has left the state such that the next
// call goes on behind the callback that panicked.
func (l *Loop) guard(run func(*Loop)) {
	if l.config.OnPanic == nil {
		run(l)
		return
	}
	for !l.survive(run) {
	}
}

// survive reports whether run came to its end.
func (l *Loop) survive(run func(*Loop)) (ended bool) {
	l.culprit = nil
	defer func() {
		if ended {
			return
		}
		if v := recover(); v != nil {
			c := l.culprit
			l.culprit = nil
			if c != nil {
				c.failed()
			}
			l.config.OnPanic(v)
		}
	}()
	run(l)
	return true
}
