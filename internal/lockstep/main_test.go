package lockstep

import (
	"os"
	"testing"

	"github.com/antedon-net/antedon/internal/netlab"
)

func TestMain(m *testing.M) { os.Exit(netlab.Main(m)) }

// groups are all scripts.
var groups = map[string][]Script{
	"options":    negotiation,
	"ecn":        marks,
	"handshake":  handshake,
	"receive":    receive,
	"reset":      reset,
	"close":      closing,
	"timestamps": timestamps,
	"window":     windows,
	"ack":        acks,
	"send":       sending,
	"loss":       loss,
	"recovery":   recovery,
	"icmp":       icmp,
}

// Every script shows the same on our side and on the kernel's.
func TestLockstep(t *testing.T) {
	for name, scripts := range groups {
		for _, s := range scripts {
			t.Run(name+"/"+s.Name, func(t *testing.T) { Play(t, s) })
		}
	}
}
