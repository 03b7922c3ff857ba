package tun

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// explainOpen turns the error of opening a device into one sentence that says what to do.
func explainOpen(name string, cfg *Config, err error) error {
	switch {
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ENODEV), errors.Is(err, unix.ENXIO):
		return fmt.Errorf("tun: this system has no usable /dev/net/tun (load the tun module, or use a packet socket on a veth): %w", err)
	case errors.Is(err, unix.EACCES):
		return fmt.Errorf("tun: this user may not open /dev/net/tun (have its mode made 0666, or be root): %w", err)
	case errors.Is(err, unix.EPERM):
		return fmt.Errorf("tun: opening %s needs CAP_NET_ADMIN, or a persistent device that you own (antedon tun up): %w", name, err)
	case errors.Is(err, unix.EBUSY):
		return fmt.Errorf("tun: %s is in use by another process: %w", name, err)
	case errors.Is(err, unix.EINVAL) && cfg.Queues > 1:
		return fmt.Errorf("tun: %s is no TUN device, or was created with a single queue (delete it first): %w", name, err)
	case errors.Is(err, unix.EINVAL):
		return fmt.Errorf("tun: %s is an interface, but no TUN device: %w", name, err)
	case errors.Is(err, unix.E2BIG):
		return fmt.Errorf("tun: %s has as many queues open as it can have: %w", name, err)
	}
	return fmt.Errorf("tun: open %s: %w", name, err)
}

// explainInherited does the same for a descriptor that somebody else opened.
func explainInherited(err error) error {
	switch {
	case errors.Is(err, unix.EBADFD):
		return fmt.Errorf("tun: the descriptor is not attached to an interface (TUNSETIFF), or it was deleted: %w", err)
	case errors.Is(err, unix.ENOTTY), errors.Is(err, unix.EINVAL), errors.Is(err, unix.EOPNOTSUPP), errors.Is(err, unix.ENOTSUP):
		return fmt.Errorf("tun: the descriptor is no TUN device: %w", err)
	}
	return fmt.Errorf("tun: the descriptor: %w", err)
}

// explain does the same for setting up an interface; op is what was tried, "bring up".
func explain(op, name string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES):
		return fmt.Errorf("tun: to %s %s takes CAP_NET_ADMIN (be root, or work in a namespace of your own): %w", op, name, err)
	case errors.Is(err, unix.ENODEV):
		return fmt.Errorf("tun: cannot %s %s: there is no such interface: %w", op, name, err)
	}
	return fmt.Errorf("tun: cannot %s %s: %w", op, name, err)
}
