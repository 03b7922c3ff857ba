package tcp

// Age makes an established connection with nothing under way look as if it had carried n bytes each way.
func (c *Conn) Age(n uint64) {
	d := int(uint32(n))
	c.snd.buf.Init(c.env.Pool, n)
	c.snd.una, c.snd.nxt, c.snd.wl2 = c.snd.una.Add(d), c.snd.nxt.Add(d), c.snd.wl2.Add(d)
	c.rcv.buf.Init(c.env.Pool, n)
	c.rcv.nxt, c.rcv.adv = c.rcv.nxt.Add(d), c.rcv.adv.Add(d)
	c.snd.wl1, c.ack.last = c.snd.wl1.Add(d), c.ack.last.Add(d)
}

// Rests reports whether c has given back what it does not need.
func (c *Conn) Rests() bool { return c.active == nil }

// Waken ends the rest of c and returns what it then knows of what is under way, but for memory that is kept for use.
func (c *Conn) Waken() any {
	c.wake()
	a := *c.active
	a.loss.board = scoreboard{}
	return a
}

// LieDown lets c rest again.
func (c *Conn) LieDown() { c.rest() }
