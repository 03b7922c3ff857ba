package netlab

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// A PrivateTmp is a mount namespace in which a directory of the caller's stands for /tmp: for programs that keep sockets
// or files of fixed names there.
type PrivateTmp struct {
	dir   string
	file  *os.File // the mount namespace
	home  *thread
	guard *Guard // ends what is in it
}

// NewPrivateTmp makes one in which dir is /tmp, within the network namespace ns, or that of the process if ns is nil. Of
// the real /tmp only that is to be seen which holds the paths of keep; others among those are ignored.
func NewPrivateTmp(ns *Namespace, dir string, keep []string) (*PrivateTmp, error) {
	if err := ready(); err != nil {
		return nil, err
	}
	p := &PrivateTmp{dir: dir}
	fd := -1
	if ns != nil {
		var err error
		if fd, err = ns.dup(); err != nil {
			return nil, err
		}
		defer unix.Close(fd)
	}
	home, err := startThread(func() error { return p.enter(fd, keptEntries(dir, keep)) })
	if err != nil {
		return nil, fmt.Errorf("netlab: a /tmp of its own: %w", err)
	}
	p.home = home
	if p.guard, err = startGuard(p.file); err != nil {
		home.stop()
		return nil, errors.Join(err, p.file.Close())
	}
	return p, nil
}

// keptEntries returns the entries of /tmp that hold the paths, but not the one that holds dir.
func keptEntries(dir string, paths []string) []string {
	var names []string
	for _, path := range paths {
		rest, ok := strings.CutPrefix(filepath.Clean(path), "/tmp/")
		name, _, _ := strings.Cut(rest, "/")
		if ok && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// enter moves the calling thread into the namespaces.
func (p *PrivateTmp) enter(ns int, keep []string) (err error) {
	if ns >= 0 {
		if err := unix.Setns(ns, unix.CLONE_NEWNET); err != nil {
			return os.NewSyscallError("setns", err)
		}
	}
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		return os.NewSyscallError("unshare", err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return os.NewSyscallError("mount /", err)
	}
	var opened []*os.File
	defer func() {
		for _, f := range opened {
			f.Close()
		}
	}()
	for _, name := range keep {
		f, err := os.OpenFile(filepath.Join("/tmp", name), unix.O_PATH, 0)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		opened = append(opened, f)
	}
	if err := unix.Mount(p.dir, "/tmp", "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("mount on /tmp: %w", err)
	}
	for _, f := range opened {
		if err := bindFile(f); err != nil {
			return err
		}
	}
	p.file, err = os.Open("/proc/thread-self/ns/mnt")
	return err
}

// bindFile mounts an opened file or directory where it was named.
func bindFile(f *os.File) error {
	fi, err := f.Stat()
	if err != nil {
		return err
	}
	if fi.IsDir() {
		err = os.MkdirAll(f.Name(), 0o755)
	} else {
		err = os.WriteFile(f.Name(), nil, 0o644)
	}
	if err != nil {
		return err
	}
	if err := unix.Mount(fmt.Sprintf("/proc/thread-self/fd/%d", f.Fd()), f.Name(), "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return fmt.Errorf("mount on %s: %w", f.Name(), err)
	}
	return nil
}

// Command returns a Cmd that runs name with args inside, and is killed when ctx is done.
func (p *PrivateTmp) Command(ctx context.Context, name string, args ...string) *Cmd {
	return &Cmd{exec.CommandContext(ctx, name, args...), func(cmd *exec.Cmd) error { return p.home.do(cmd.Start) }}
}

// Close kills the commands that still run, and what they have started; so does a guard if this process is killed. The
// directory is left.
func (p *PrivateTmp) Close() error {
	err := p.guard.Close()
	p.home.stop()
	return firstError(err, p.file.Close())
}
