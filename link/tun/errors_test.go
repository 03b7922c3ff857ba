package tun_test

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/link/tun"
)

func TestConfigErrors(t *testing.T) {
	for _, cfg := range []tun.Config{
		{Name: "a-name-of-16-byte"}, {Name: "a/b"}, {Name: ".."}, {Name: "a b"}, {Queues: -1}, {Queues: 257},
	} {
		if _, err := tun.Open(cfg); err == nil || !strings.HasPrefix(err.Error(), "tun: ") {
			t.Errorf("Open(%+v): got %v, want an error that begins with tun:", cfg, err)
		}
	}
}

func TestOpenErrors(t *testing.T) {
	ns := newNamespace(t)
	single, err := openIn(ns, tun.Config{Name: "single", Persist: true})
	if err != nil {
		t.Fatal(err)
	}
	single.Close()
	for _, test := range []struct {
		cfg  tun.Config
		want string
	}{
		{tun.Config{Name: "lo"}, "lo is an interface, but no TUN device"},
		{tun.Config{Name: "single", Queues: 2}, "was created with a single queue"},
		{tun.Config{Name: "new", MTU: 10}, "cannot set the MTU to 10 of new"},
	} {
		_, err := openIn(ns, test.cfg)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("Open(%+v): got %v, want %q in it", test.cfg, err, test.want)
		}
	}
	ns.Do(func() error {
		if _, err := tun.Lookup("lo"); err == nil || !strings.Contains(err.Error(), "no TUN device") {
			t.Errorf("Lookup(lo): got %v", err)
		}
		return nil
	})
}

func TestFromFileErrors(t *testing.T) {
	open := func(name string) *os.File {
		f, err := os.OpenFile(name, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	ns := newNamespace(t)
	tap, err := openRaw(ns, "tap0", 0x0002) // IFF_TAP
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		file *os.File
		want string
	}{
		{open("/dev/null"), "the descriptor is no TUN device"},
		{tap, "is a TAP device"},
		{open("/dev/net/tun"), "the descriptor is not attached to an interface"},
	} {
		_, err := tun.FromFile(test.file, tun.Config{})
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("FromFile: got %v, want %q in it", err, test.want)
		}
		if _, err := test.file.Stat(); !errors.Is(err, os.ErrClosed) {
			t.Errorf("FromFile left the file open: %v", err)
		}
	}
}

// A thread without capabilities may open a device that it owns.
func TestUnprivileged(t *testing.T) {
	ns := newNamespace(t)
	dev, err := openIn(ns, tun.Config{Name: "owned", Persist: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := dev.SetOwner(os.Getuid()); err != nil {
		t.Fatal(err)
	}
	dev.Close()
	err = ns.Do(func() error {
		if err := dropCapabilities(); err != nil {
			return err
		}
		dev, err := tun.Open(tun.Config{Name: "owned"})
		if err != nil {
			return err
		}
		if err := dev.SetUp(); !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), "takes CAP_NET_ADMIN") {
			t.Errorf("SetUp: got %v", err)
		}
		dev.Close()
		if _, err := tun.Open(tun.Config{Name: "new"}); !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), "needs CAP_NET_ADMIN") {
			t.Errorf("Open(new): got %v", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// dropCapabilities takes all capabilities from the calling thread, which Do throws away.
func dropCapabilities() error {
	hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none [2]unix.CapUserData
	return unix.Capset(&hdr, &none[0])
}
