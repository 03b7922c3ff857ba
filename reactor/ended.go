package reactor

// endings are the connections to which OnClose is owed.
type endings struct {
	list []*Socket
	next int // the first of list whose turn it is
}

func (e *endings) any() bool { return e.next < len(e.list) }

// runEnded calls OnClose for the connections that have ended. What ends meanwhile is left for the next turn.
func (l *Loop) runEnded() {
	e := &l.ended
	for n := len(e.list); e.next < n; {
		s := e.list[e.next]
		e.list[e.next] = nil
		e.next++
		l.culprit = nil
		if s.handler != nil { // accepted, but nobody wanted it
			s.handler.OnClose(s, s.err)
		}
	}
	e.list, e.next = append(e.list[:0], e.list[e.next:]...), 0
}

// closeSockets ends the connections, listeners and datagram sockets of a loop that closes.
func (l *Loop) closeSockets() {
	for _, d := range l.descs.byFD {
		if d == nil {
			continue
		}
		if s, ok := d.on.(interface{ loopClosed() }); ok {
			s.loopClosed()
		}
	}
}
