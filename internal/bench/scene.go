package bench

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/antedon-net/antedon/link/impair"
)

// sceneConfig describes a scene.
type sceneConfig struct {
	plan     impair.Plan // of both directions
	spin     time.Duration
	cc       Algorithms
	senders  []Who
	receiver Who
	pcap     string // the file to capture to, if any
}

// A scene is some senders and one receiver, joined by a path that is open.
type scene struct {
	path     *Path
	senders  []end
	receiver end
}

// subnet holds all ends of a scene: the receiver is the first address, the senders follow.
var subnet = netip.MustParsePrefix("10.7.0.0/24")

// toReceiver is the number of the receiver among the addresses, where senders count from 0.
const toReceiver = -1

// addressOf returns the address of a sender, or of the receiver.
func addressOf(i int) netip.Addr {
	a := subnet.Addr().As4()
	a[3] += byte(i + 2)
	return netip.AddrFrom4(a)
}

// newScene makes a scene.
func newScene(cfg *sceneConfig) (*scene, error) {
	path, err := newPath(cfg.plan, cfg.spin)
	if err != nil {
		return nil, err
	}
	s := &scene{path: path}
	if err := s.setUp(cfg); err != nil {
		s.close()
		return nil, fmt.Errorf("bench: %w", err)
	}
	path.open()
	return s, nil
}

func (s *scene) setUp(cfg *sceneConfig) (err error) {
	if cfg.pcap != "" {
		if s.path.tap, err = newTap(cfg.pcap, s.path.start); err != nil {
			return err
		}
	}
	join := func(who Who, i int) (end, port, error) {
		return newEnd(who, netip.PrefixFrom(addressOf(i), subnet.Bits()), cfg.cc, s.path.bell)
	}
	if s.receiver, s.path.right, err = join(cfg.receiver, toReceiver); err != nil {
		return err
	}
	for i, who := range cfg.senders {
		e, p, err := join(who, i)
		if err != nil {
			return err
		}
		s.senders = append(s.senders, e)
		s.path.left = append(s.path.left, leftEnd{p, addressOf(i)})
	}
	return nil
}

// close takes everything away. The path is stopped first: what the ends still have to say is not part of the scene.
func (s *scene) close() {
	_ = s.path.stop() // whoever reads its counters has stopped it before, and knows
	for _, e := range append(s.senders, s.receiver) {
		if e != nil {
			e.close()
		}
	}
}
