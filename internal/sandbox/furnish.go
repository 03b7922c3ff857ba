package sandbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// masked are the directories of which a program sees nothing but what is shown on purpose: sockets of other programs, and
// devices.
var masked = []string{"/tmp", "/run", "/dev"}

// devices are those that a program sees. What is mapped from zero would be memory that is nobody's, and so not counted.
var devices = []string{"null", "full", "random", "urandom", "tty"}

// furnish makes the box's file system and name, in the namespaces of the first process.
func (o *order) furnish() error {
	if err := unix.Sethostname([]byte("lab")); err != nil {
		return os.NewSyscallError("sethostname", err)
	}
	if err := mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return err
	}
	hidden := o.hidden()
	shown, err := openShown(o.Show, hidden)
	if err != nil {
		return err
	}
	if err := o.mask(hidden); err != nil {
		return err
	}
	if err := mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		return err
	}
	for _, s := range shown {
		if err := s.put(); err != nil {
			return err
		}
	}
	return protect()
}

// mask puts empty directories over those that are hidden.
func (o *order) mask(hidden []string) error {
	nodes, err := openDevices()
	if err != nil {
		return err
	}
	for _, dir := range hidden {
		options := "size=64k,mode=0755"
		if dir == "/tmp" {
			options = fmt.Sprintf("size=%d,nr_inodes=4096,mode=1777", o.Limits.Disk)
		}
		if err := mount("tmpfs", dir, "tmpfs", unix.MS_NOSUID, options); err != nil {
			return err
		}
	}
	for _, n := range nodes {
		if err := n.put(); err != nil {
			return err
		}
	}
	return os.Symlink("/tmp", "/dev/shm")
}

// openDevices opens the devices, to be put where they were.
func openDevices() ([]showing, error) {
	var nodes []showing
	for _, name := range devices {
		f, err := os.OpenFile("/dev/"+name, unix.O_PATH, 0)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, showing{file: f})
	}
	return nodes, nil
}

// protect makes everything read-only but /tmp and /proc, and nothing there raises privileges. In /proc, which is the box's
// own, we have to write to give the program its user; the program has no right to anything there.
func protect() error {
	all := unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY | unix.MOUNT_ATTR_NOSUID}
	if err := unix.MountSetattr(-1, "/", unix.AT_RECURSIVE, &all); err != nil {
		return os.NewSyscallError("mount_setattr", err)
	}
	for _, dir := range []string{"/tmp", "/proc"} {
		own := unix.MountAttr{Attr_clr: unix.MOUNT_ATTR_RDONLY, Attr_set: unix.MOUNT_ATTR_NODEV}
		if err := unix.MountSetattr(-1, dir, 0, &own); err != nil {
			return &os.PathError{Op: "mount_setattr", Path: dir, Err: err}
		}
	}
	return nil
}

func mount(source, target, fstype string, flags uintptr, data string) error {
	if err := unix.Mount(source, target, fstype, flags, data); err != nil {
		return &os.PathError{Op: "mount", Path: target, Err: err}
	}
	return nil
}
