package exp4

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ErrServed says that a driver is there already.
var ErrServed = errors.New("another driver serves it")

// OpenDriver is Listen for who waits for descriptors: it returns a socket that does not block and whose name stays behind
// when it is closed. It does not take the place of a driver that runs.
func OpenDriver(dir string) (fd int, err error) {
	path := filepath.Join(dir, DriverSocket)
	fd, err = unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, os.NewSyscallError("socket", err)
	}
	err = connect(fd, path)
	if err == nil || errors.Is(err, unix.EPERM) {
		unix.Close(fd)
		return -1, &fs.PathError{Op: "bind", Path: path, Err: ErrServed}
	}
	if err := removeOld(path); err != nil {
		unix.Close(fd)
		return -1, err
	}
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: path}); err != nil {
		unix.Close(fd)
		return -1, &fs.PathError{Op: "bind", Path: path, Err: err}
	}
	if err := os.Chmod(path, 0o777); err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

func removeOld(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Reach connects a driver's socket to the SDK's in dir, as it is now.
func Reach(fd int, dir string) error { return connect(fd, filepath.Join(dir, SDKSocket)) }

func connect(fd int, path string) error {
	if err := unix.Connect(fd, &unix.SockaddrUnix{Name: path}); err != nil {
		return &fs.PathError{Op: "connect", Path: path, Err: err}
	}
	return nil
}

// LetGo disconnects a socket, so that another SDK can connect to it. What has not been read is lost.
func LetGo(fd int) error {
	nobody := unix.RawSockaddr{Family: unix.AF_UNSPEC}
	_, _, errno := unix.Syscall(unix.SYS_CONNECT, uintptr(fd), uintptr(unsafe.Pointer(&nobody)), unsafe.Sizeof(nobody.Family))
	if errno != 0 {
		return os.NewSyscallError("connect", errno)
	}
	return nil
}
