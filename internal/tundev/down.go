package tundev

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/antedon-net/antedon/internal/netlab"
)

// ErrNotRecorded is returned by Down if there is nothing to undo.
var ErrNotRecorded = errors.New("nothing to undo")

// Down undoes what Up did for the device. It returns ErrNotRecorded if Up did nothing, or Down was there before.
func (b Book) Down(name string) error {
	s, err := b.open(false)
	if errors.Is(err, fs.ErrNotExist) {
		return notRecorded(name)
	}
	if err != nil {
		return err
	}
	defer s.close()
	r, err := s.read(name)
	if err != nil {
		return err
	}
	if r == nil {
		return notRecorded(name)
	}
	return s.undo(r)
}

func notRecorded(name string) error {
	if _, err := Lookup(name); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s was not made by \"antedon tun up\" and is left alone: delete it with \"ip link delete %s\"", name, name)
	}
	return ErrNotRecorded
}

// undo undoes everything in a record and removes it. If something cannot be undone the record stays, to try again.
func (s *shelf) undo(r *Record) error {
	if err := s.handOver(r); err != nil {
		return err
	}
	if err := netlab.UndoAll(r.Undo); err != nil {
		return fmt.Errorf("%w: run this again when that is mended", err)
	}
	return s.remove(r.Name)
}

// handOver leaves forwarding on if another device needs it, whose record then gets what turns it off.
func (s *shelf) handOver(r *Record) error {
	if !slices.ContainsFunc(r.Undo, isForwarding) {
		return nil
	}
	others, err := s.all()
	if err != nil {
		return err
	}
	for _, o := range others {
		if o.Name == r.Name || o.NAT == "" {
			continue
		}
		var moved, kept []netlab.Undo
		for _, u := range r.Undo {
			if isForwarding(u) {
				moved = append(moved, u)
			} else {
				kept = append(kept, u)
			}
		}
		o.Undo = append(moved, o.Undo...)
		if err := s.write(o); err != nil {
			return err
		}
		r.Undo = kept
		return s.write(r)
	}
	return nil
}
