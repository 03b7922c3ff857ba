package host

// Endpoint is what NextDirty returns: a *Conn, *Listener, *UDP or *Ping.
type Endpoint interface {
	clean() // marks the endpoint as no longer listed
}

// dirtyList holds the endpoints that have something to send or to tell, each once.
type dirtyList struct {
	conns  fifo[*Conn]
	others fifo[Endpoint]
}

// MarkDirty puts c on the list that NextDirty returns: the driver calls it after a command on c's tcp.Conn.
func (h *Host) MarkDirty(c *Conn) {
	if !c.dirty {
		c.dirty = true
		h.dirty.conns.push(c)
	}
}

// markOther is MarkDirty for the other endpoints; flag is the endpoint's own.
func (h *Host) markOther(e Endpoint, flag *bool) {
	if !*flag {
		*flag = true
		h.dirty.others.push(e)
	}
}

// NextDirty returns an endpoint that has something to send or to tell and takes it off the list; nil if there is none.
func (h *Host) NextDirty() Endpoint {
	for {
		if h.loop.full() {
			h.drainLoop()
		}
		if h.dirty.conns.len() > 0 {
			c := h.dirty.conns.pop()
			c.clean()
			return c
		}
		if h.dirty.others.len() > 0 {
			e := h.dirty.others.pop()
			e.clean()
			return e
		}
		if h.loop.q.len() == 0 {
			return nil
		}
		h.drainLoop()
	}
}
