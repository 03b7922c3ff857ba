package sandbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// masked are the directories of which a program sees nothing but what is shown on purpose: sockets of other programs, and
// devices.
var masked = []string{"/tmp", "/run", "/dev"}

// devices are those that a program sees.
var devices = []string{"null", "zero", "full", "random", "urandom", "tty"}

// furnish makes the box's file system and name, in the namespaces of the first process.
func (o *order) furnish() error {
	if err := unix.Sethostname([]byte("lab")); err != nil {
		return os.NewSyscallError("sethostname", err)
	}
	if err := mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return err
	}
	shown, err := openShown(o.Show, o.Drop)
	if err != nil {
		return err
	}
	if err := o.mask(shown); err != nil {
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
func (o *order) mask(shown []showing) error {
	nodes, err := openDevices()
	if err != nil {
		return err
	}
	for _, dir := range hidden(shown) {
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

// hidden returns what is to be masked: always, and because only others may enter where something is to be shown.
func hidden(shown []showing) []string {
	dirs := slices.Clone(masked)
	for _, s := range shown {
		if s.closed != "" && !slices.Contains(dirs, s.closed) {
			dirs = append(dirs, s.closed)
		}
	}
	return dirs
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

// A showing is a file or directory that is to be seen where it lies.
type showing struct {
	file   *os.File // O_PATH
	closed string   // the first directory above that not everybody may enter, or ""
}

// openShown opens the paths that would be hidden otherwise.
func openShown(paths []string, drop bool) ([]showing, error) {
	var shown []showing
	slices.Sort(paths) // a directory before what is in it
	for _, path := range slices.Compact(paths) {
		path = filepath.Clean(path)
		closed := ""
		if drop && !isMasked(path) {
			closed = closedAbove(path)
		}
		if !filepath.IsAbs(path) || closed == "" && !isMasked(path) || slices.ContainsFunc(shown, func(s showing) bool { return within(path, s.file.Name()) }) {
			continue
		}
		f, err := os.OpenFile(path, unix.O_PATH, 0)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if path == "/" || slices.Contains(masked, path) {
			return nil, fmt.Errorf("%s cannot be shown whole", path)
		}
		shown = append(shown, showing{f, closed})
	}
	return shown, nil
}

func isMasked(path string) bool {
	return slices.ContainsFunc(masked, func(dir string) bool { return within(path, dir) })
}

// within reports whether path is dir or lies below it.
func within(path, dir string) bool { return path == dir || strings.HasPrefix(path, dir+"/") }

// closedAbove returns the first directory on the way to path that others may not enter, if there is one.
func closedAbove(path string) string {
	for i, c := range path {
		if c != '/' || i == 0 {
			continue
		}
		if fi, err := os.Stat(path[:i]); err == nil && fi.Mode()&0o001 == 0 {
			return path[:i]
		}
	}
	return ""
}

// put mounts what was opened where it was, in directories that everybody may enter.
func (s *showing) put() error {
	defer s.file.Close()
	path := s.file.Name()
	fi, err := s.file.Stat()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if fi.IsDir() {
		err = os.MkdirAll(path, 0o755)
	} else {
		err = os.WriteFile(path, nil, 0o444)
	}
	if err != nil {
		return err
	}
	return mount(fmt.Sprintf("/proc/self/fd/%d", s.file.Fd()), path, "", unix.MS_BIND|unix.MS_REC, "")
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
