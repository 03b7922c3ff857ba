package drill

import (
	"errors"
	"time"

	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/capture"
	"github.com/antedon-net/antedon/wire"
)

// WriteCapture writes the segments of all conversations to a pcapng file, which has an interface for each script. Comments
// say what step failed.
func WriteCapture(name string, results []Result) error {
	w, err := capture.Create(name, capture.Config{Application: "antedon lab drill"})
	if err != nil {
		return err
	}
	for i := range results {
		if err := results[i].capture(w); err != nil {
			return errors.Join(err, w.Close())
		}
	}
	return w.Close()
}

// capture writes the segments of one script.
func (r *Result) capture(w *capture.Writer) error {
	iface := w.AddInterface(r.Name)
	for i, l := range r.Conversation {
		if l.raw == nil {
			continue
		}
		info := capture.Info{Interface: iface, Time: r.begun.Add(time.Duration(l.At * float64(time.Second))), Direction: capture.Inbound, Comment: l.Note}
		h := wire.IPv4{Proto: wire.ProtoTCP, TTL: 64, Src: peer.Addr(), Dst: ourAddr}
		if l.FromProgram {
			info.Direction, h.Src, h.Dst = capture.Outbound, h.Dst, h.Src
		}
		if i == len(r.Conversation)-1 && r.Failure != nil {
			info.Comment = "failed: expected " + r.Failure.Expected
		}
		if err := w.WritePacket(info, &link.Packet{Bytes: append(h.AppendTo(nil, len(l.raw)), l.raw...)}); err != nil {
			return err
		}
	}
	return nil
}
