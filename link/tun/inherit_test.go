package tun_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/internal/netlab"
	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/internal/linktest"
	"github.com/antedon-net/antedon/link/tun"
)

func TestFromFile(t *testing.T) {
	tests := []struct {
		name  string
		flags uint16
		cfg   tun.Config
		want  link.Offload
	}{
		{"plain", unix.IFF_NO_PI, tun.Config{}, link.OffloadNone},
		{"packet information", 0, tun.Config{}, link.OffloadNone},
		{"virtio-net header", unix.IFF_NO_PI | unix.IFF_VNET_HDR, tun.Config{}, link.OffloadChecksum | link.OffloadTSO},
		{"both", unix.IFF_VNET_HDR, tun.Config{}, link.OffloadChecksum | link.OffloadTSO},
		{"virtio-net header, no offload", unix.IFF_NO_PI | unix.IFF_VNET_HDR, tun.Config{NoOffload: true}, link.OffloadNone},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			ns := newNamespace(t)
			f, err := openRaw(ns, "given0", unix.IFF_TUN|test.flags)
			if err != nil {
				t.Fatal(err)
			}
			// From outside the namespace the interface cannot be seen.
			if err := fromFileOutside(t, f); err == nil || !strings.Contains(err.Error(), "set Config.MTU") {
				t.Errorf("got %v, want the advice to set Config.MTU", err)
			}
			var dev *tun.Device
			if derr := ns.Do(func() error { dev, err = tun.FromFile(f, test.cfg); return err }); derr != nil {
				t.Fatal(derr)
			}
			linktest.Limit(t, dev)
			if dev.Name() != "given0" || dev.MTU() != 1500 || dev.Offload() != test.want {
				t.Errorf("%s, MTU %d, offload %v", dev.Name(), dev.MTU(), dev.Offload())
			}
			l := &lab{ns, dev}
			l.address(t)
			checkSizes(t, dev, l.transfer(t, dev.Queues()[0], ours4, kernel4.Addr()))
		})
	}
}

// openRaw opens a device inside ns without this package.
func openRaw(ns *netlab.Namespace, name string, flags uint16) (f *os.File, err error) {
	derr := ns.Do(func() error {
		if f, err = os.OpenFile("/dev/net/tun", os.O_RDWR, 0); err != nil {
			return err
		}
		req, err := unix.NewIfreq(name)
		if err != nil {
			return err
		}
		req.SetUint16(flags)
		return unix.IoctlIfreq(int(f.Fd()), unix.TUNSETIFF, req)
	})
	return f, errors.Join(derr, err)
}

// fromFileOutside takes over a copy of f in our own namespace, where its interface is not.
func fromFileOutside(t *testing.T, f *os.File) error {
	t.Helper()
	var fd int
	raw, err := f.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	raw.Control(func(old uintptr) { fd, err = unix.Dup(int(old)) })
	if err != nil {
		t.Fatal(err)
	}
	_, err = tun.FromFD(fd, tun.Config{})
	return err
}

func TestFromFileElsewhere(t *testing.T) {
	for _, cfg := range []tun.Config{{MTU: 1500}, {MTU: 1500, PacketInfo: true}} {
		flags := uint16(unix.IFF_TUN | unix.IFF_NO_PI)
		if cfg.PacketInfo {
			flags = unix.IFF_TUN
		}
		ns := newNamespace(t)
		f, err := openRaw(ns, "given0", flags)
		if err != nil {
			t.Fatal(err)
		}
		dev, err := tun.FromFile(f, cfg)
		if err != nil {
			t.Fatal(err)
		}
		linktest.Limit(t, dev)
		if err := dev.SetUp(); err == nil || !strings.Contains(err.Error(), "taken over") {
			t.Errorf("SetUp: got %v", err)
		}
		err = ns.Do(func() error {
			i, err := tun.Lookup("given0")
			if err != nil {
				return err
			}
			defer i.Close()
			return errors.Join(i.AddAddr(kernel4), i.SetUp())
		})
		if err != nil {
			t.Fatal(err)
		}
		l := &lab{ns, dev}
		checkSizes(t, dev, l.transfer(t, dev.Queues()[0], ours4, kernel4.Addr()))
	}
}
