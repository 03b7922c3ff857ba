package packet

import (
	"strings"
	"testing"

	"github.com/antedon-net/antedon/link/internal/rtnl"
)

func TestAddresses(t *testing.T) {
	ours, theirs := []byte{2, 0, 0, 0, 0, 1}, []byte{2, 0, 0, 0, 0, 2}
	tests := []struct {
		name string
		cfg  Config
		link rtnl.Link
		want string
		err  string
	}{
		{"peer given", Config{Peer: theirs}, rtnl.Link{Addr: ours}, string(theirs) + string(ours), ""},
		{"no Ethernet", Config{Peer: theirs}, rtnl.Link{Kind: "tun"}, "", "no Ethernet interface"},
		{"hardware", Config{}, rtnl.Link{Addr: ours}, "", "set Config.Peer"},
		{"veth to another namespace", Config{}, rtnl.Link{Addr: ours, Kind: "veth", Peer: 3, PeerAway: true}, "", "set Config.Peer"},
		{"peer of 8 bytes", Config{Peer: make([]byte, 8)}, rtnl.Link{Addr: ours}, "", "has 8 bytes"},
	}
	for _, test := range tests {
		got, err := addresses(&test.cfg, nil, &test.link)
		if got != test.want || (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
			t.Errorf("%s: got %x, %v; want %x, %q", test.name, got, err, test.want, test.err)
		}
	}
}
