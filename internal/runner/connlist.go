package runner

import "iter"

// connList is a list of connections linked through themselves: it takes no memory for what is on it.
type connList struct {
	first *Conn
	n     int
}

// place is where a connection is on the list.
type place struct{ prev, next *Conn }

func (l *connList) add(c *Conn) {
	c.place, c.listed = place{next: l.first}, true
	if l.first != nil {
		l.first.place.prev = c
	}
	l.first = c
	l.n++
}

// remove takes c off the list if it is on it.
func (l *connList) remove(c *Conn) {
	if !c.listed {
		return
	}
	p := c.place
	if p.prev == nil {
		l.first = p.next
	} else {
		p.prev.place.next = p.next
	}
	if p.next != nil {
		p.next.place.prev = p.prev
	}
	c.place, c.listed = place{}, false
	l.n--
}

// all yields the connections. Each may be removed while it is looked at.
func (l *connList) all() iter.Seq[*Conn] {
	return func(yield func(*Conn) bool) {
		for c := l.first; c != nil; {
			next := c.place.next
			if !yield(c) {
				return
			}
			c = next
		}
	}
}
