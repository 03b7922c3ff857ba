package netlab

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// nobody is the user and group that Unprivileged runs commands as.
const nobody = 65534

// A Node says what commands run by Unprivileged find at /dev/net/tun.
type Node int

const (
	NodeOpen      Node = iota // a node that everybody may open
	NodeForbidden             // a node that only root may open
	NodeAbsent                // nothing
)

// Unprivileged runs commands as an ordinary user, uid and gid 65534, with a /dev/net of their own, to show what works
// without root. The machine's own device node is left as it is: the commands are in a private mount namespace.
type Unprivileged struct {
	dir  string // of theirs
	home *thread
}

// NewUnprivileged prepares a place for such commands. This takes real root; a test fails without.
func NewUnprivileged(node Node) (*Unprivileged, error) {
	if isolated || os.Geteuid() != 0 || !capable(unix.CAP_SYS_ADMIN) || !capable(unix.CAP_SETUID) {
		return nil, fmt.Errorf("netlab: only root can run commands as uid %d with a device node of their own: run this as root", nobody)
	}
	dir, err := os.MkdirTemp("", "antedon-nobody-")
	if err != nil {
		return nil, err
	}
	home, err := startThread(func() error { return enterDev(node) })
	if err == nil {
		if err = firstError(os.Chmod(dir, 0o755), os.Chown(dir, nobody, nobody)); err == nil {
			return &Unprivileged{dir: dir, home: home}, nil
		}
		home.stop()
	}
	os.Remove(dir)
	return nil, fmt.Errorf("netlab: prepare for an ordinary user: %w", err)
}

// enterDev moves the calling thread into a mount namespace of its own, with a /dev/net of its own.
func enterDev(node Node) error {
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		return os.NewSyscallError("unshare", err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return os.NewSyscallError("mount /", err)
	}
	if err := unix.Mount("tmpfs", "/dev/net", "tmpfs", 0, "mode=0755"); err != nil {
		return fmt.Errorf("mount on /dev/net: %w: is the kernel's tun module loaded?", err)
	}
	const path = "/dev/net/tun"
	switch node {
	case NodeOpen:
		return makeNode(path, 0o666)
	case NodeForbidden:
		return makeNode(path, 0o600)
	}
	return nil
}

// makeNode makes a device node of the TUN driver.
func makeNode(path string, mode os.FileMode) error {
	if err := unix.Mknod(path, unix.S_IFCHR|uint32(mode), int(unix.Mkdev(10, 200))); err != nil {
		return &os.PathError{Op: "mknod", Path: path, Err: err}
	}
	return os.Chmod(path, mode) // whatever the umask
}

// Dir returns the directory that belongs to the ordinary user. The commands start in it.
func (u *Unprivileged) Dir() string { return u.dir }

// Command returns a Cmd that runs name with args as the ordinary user.
func (u *Unprivileged) Command(ctx context.Context, name string, args ...string) *Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = u.dir
	cmd.Env = append(os.Environ(), "HOME="+u.dir, "USER=nobody")
	cmd.SysProcAttr = &unix.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	return &Cmd{cmd, u.start}
}

func (u *Unprivileged) start(cmd *exec.Cmd) error {
	return u.home.do(cmd.Start)
}

// Install copies a file, usually a program, to Dir, where the ordinary user can read and run it, and returns its path.
func (u *Unprivileged) Install(path string) (string, error) {
	to := filepath.Join(u.dir, filepath.Base(path))
	return to, copyFile(to, path)
}

// Self returns a Command that runs this very program, which a test binary does to run some of its own tests.
func (u *Unprivileged) Self(ctx context.Context, args ...string) (*Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	if self, err = u.Install(self); err != nil {
		return nil, err
	}
	return u.Command(ctx, self, args...), nil
}

// copyFile makes an executable copy of a file. A process forked meanwhile would hold the copy open for writing for a
// moment, and nobody could execute it then.
func copyFile(to, from string) error {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer src.Close()
	dst, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(dst, src)
	return firstError(err, dst.Chmod(0o755), dst.Close())
}

// Close kills the commands that still run, and removes Dir.
func (u *Unprivileged) Close() error {
	u.home.stop()
	return os.RemoveAll(u.dir)
}
