package bench

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/antedon-net/antedon/link/impair"
)

// A scene is some senders and one receiver, joined by a path that is open.
type scene struct {
	path     *Path
	senders  []end
	receiver end
}

// subnet holds all ends of a scene: the receiver is the first address, the senders follow.
var subnet = netip.MustParsePrefix("10.7.0.0/24")

// addressOf returns the address of the i-th sender, or of the receiver, which is number -1.
func addressOf(i int) netip.Addr {
	a := subnet.Addr().As4()
	a[3] += byte(i + 2)
	return netip.AddrFrom4(a)
}

func prefixOf(i int) netip.Prefix { return netip.PrefixFrom(addressOf(i), subnet.Bits()) }

// newScene makes a scene.
func newScene(plan impair.Plan, spin time.Duration, cc Algorithms, receiver Who, senders ...Who) (*scene, error) {
	path, err := newPath(plan, spin)
	if err != nil {
		return nil, err
	}
	s := &scene{path: path}
	if s.receiver, path.right, err = newEnd(receiver, prefixOf(-1), cc, path.bell); err != nil {
		s.close()
		return nil, fmt.Errorf("bench: %w", err)
	}
	for i, who := range senders {
		e, p, err := newEnd(who, prefixOf(i), cc, path.bell)
		if err != nil {
			s.close()
			return nil, fmt.Errorf("bench: %w", err)
		}
		s.senders = append(s.senders, e)
		path.left = append(path.left, leftEnd{p, addressOf(i)})
	}
	path.open()
	return s, nil
}

// close takes everything away. The path is stopped first: what the ends still have to say is not part of the scene.
func (s *scene) close() {
	s.path.stop()
	for _, e := range append(s.senders, s.receiver) {
		if e != nil {
			e.close()
		}
	}
}
