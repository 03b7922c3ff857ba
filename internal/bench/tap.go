package bench

import (
	"time"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/capture"
	"github.com/antedon-net/antedon/link/impair"
)

// tap writes what the senders of a path send and receive to a capture file, as a capture at the sender shows it. What the
// link does to a packet is the packet's comment.
type tap struct {
	w     *capture.Writer
	id    int
	start time.Time
}

// snapLen is how much of each packet is kept: all headers.
const snapLen = 128

// newTap begins a file.
func newTap(name string, start time.Time) (*tap, error) {
	w, err := capture.Create(name, capture.Config{SnapLen: snapLen})
	if err != nil {
		return nil, err
	}
	return &tap{w, w.AddInterface("sender"), start}, nil
}

// sent notes a packet that has been put on a line, given the line's counters from before and after.
func (t *tap) sent(now mono.Time, packet []byte, before, after impair.Stats) {
	comment := ""
	switch {
	case after.Lost > before.Lost:
		comment = "lost"
	case after.Overflowed > before.Overflowed:
		comment = "lost: the queue is full"
	case after.Late > before.Late:
		comment = "late"
	}
	t.write(now, packet, capture.Outbound, comment)
}

// received notes a packet that is delivered to a sender.
func (t *tap) received(now mono.Time, packet []byte) { t.write(now, packet, capture.Inbound, "") }

func (t *tap) write(now mono.Time, packet []byte, dir capture.Direction, comment string) {
	info := capture.Info{Interface: t.id, Time: t.start.Add(time.Duration(now)), Direction: dir, Comment: comment}
	_ = t.w.WritePacket(info, &link.Packet{Bytes: packet}) // the writer keeps its error
}
