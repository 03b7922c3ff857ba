package lockstep

import (
	"os"
	"time"

	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/capture"
)

// record keeps the packets of a play, for the capture of a failure.
type record struct{ packets []recorded }

type recorded struct {
	at       time.Duration
	outbound bool // from the endpoint
	bytes    []byte
}

func (r *record) add(at time.Duration, outbound bool, b []byte) {
	r.packets = append(r.packets, recorded{at, outbound, b})
}

// write writes the packets to a new temporary file and returns its name, or why there is none.
func (r *record) write(name string) string {
	f, err := os.CreateTemp("", "antedon-lockstep-"+name+"-*.pcapng")
	if err != nil {
		return err.Error()
	}
	w := capture.NewWriter(f, capture.Config{Application: "antedon test"})
	w.AddInterface(name)
	for _, p := range r.packets {
		dir := capture.Inbound
		if p.outbound {
			dir = capture.Outbound
		}
		w.WritePacket(capture.Info{Time: time.Unix(0, 0).Add(p.at), Direction: dir}, &link.Packet{Bytes: p.bytes})
	}
	if err := w.Close(); err != nil {
		return err.Error()
	}
	return f.Name()
}
