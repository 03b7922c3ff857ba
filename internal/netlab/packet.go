package netlab

import (
	"errors"

	"github.com/antedon-net/antedon/link"
)

func openPacket(name string, o *Options) (link.Device, error) {
	return nil, errors.New("netlab: no usable /dev/net/tun, and packet sockets are not supported yet")
}
