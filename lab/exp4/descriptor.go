package exp4

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
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

// ErrNoSocket says that something else is where a socket should be.
var ErrNoSocket = errors.New("not a socket")

// Reach connects a driver's socket to the SDK's in dir, as it is now. It follows no link: the SDK may be a stranger's, and we root.
func Reach(fd int, dir string) error {
	path := filepath.Join(dir, SDKSocket)
	at, err := unix.Open(path, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return &fs.PathError{Op: "open", Path: path, Err: err}
	}
	defer unix.Close(at)
	var st unix.Stat_t
	if err := unix.Fstat(at, &st); err != nil {
		return &fs.PathError{Op: "stat", Path: path, Err: err}
	}
	if st.Mode&unix.S_IFMT != unix.S_IFSOCK {
		return &fs.PathError{Op: "connect", Path: path, Err: ErrNoSocket}
	}
	if err := unix.Connect(fd, &unix.SockaddrUnix{Name: "/proc/self/fd/" + strconv.Itoa(at)}); err != nil {
		return &fs.PathError{Op: "connect", Path: path, Err: err}
	}
	return nil
}

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
