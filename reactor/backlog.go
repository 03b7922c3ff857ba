package reactor

import "errors"

// Backlog holds what a connection had no room for. Whoever sends through one has to Flush it in OnWritable, and should stop
// what feeds it while Len is not zero.
type Backlog struct {
	buf  []byte
	sent int // bytes of buf that are gone
}

// keepBacklog is how much memory an empty Backlog keeps.
const keepBacklog = 64 << 10

// Len returns how many bytes wait.
func (b *Backlog) Len() int { return len(b.buf) - b.sent }

// Send writes p behind what waits, and keeps a copy of what there is no room for. An error has closed c.
func (b *Backlog) Send(c Conn, p []byte) error {
	if b.Len() == 0 {
		n, err := c.Write(p)
		if err != nil && !errors.Is(err, ErrWouldBlock) {
			return err
		}
		p = p[n:]
	}
	b.buf = append(b.buf, p...)
	return nil
}

// Flush writes what waits. An error has closed c.
func (b *Backlog) Flush(c Conn) error {
	if b.Len() == 0 {
		return nil
	}
	n, err := c.Write(b.buf[b.sent:])
	if b.sent += n; b.Len() == 0 {
		if b.buf, b.sent = b.buf[:0], 0; cap(b.buf) > keepBacklog {
			b.buf = nil
		}
	}
	if err != nil && !errors.Is(err, ErrWouldBlock) {
		return err
	}
	return nil
}
