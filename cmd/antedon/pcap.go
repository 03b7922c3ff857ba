package main

import (
	"errors"

	"github.com/antedon-net/antedon/link"
)

// record has the packets that cross dev written to a file.
func (s *session) record(dev link.Device, path string) (link.Device, error) {
	return nil, errors.New("not yet")
}
