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
	if err := letAll(path); err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// letAll lets everybody use a socket. It follows no link, which a stranger may have put in its place, where the directory is his.
func letAll(path string) error {
	at, err := openSocket(path)
	if err != nil {
		return err
	}
	defer unix.Close(at)
	return os.Chmod("/proc/self/fd/"+strconv.Itoa(at), 0o777)
}

// openSocket returns a descriptor that stands for the socket of a name, and for nothing else.
func openSocket(path string) (at int, err error) {
	at, err = unix.Open(path, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	var st unix.Stat_t
	err = unix.Fstat(at, &st)
	if err == nil && st.Mode&unix.S_IFMT != unix.S_IFSOCK {
		err = ErrNoSocket
	}
	if err != nil {
		unix.Close(at)
		return -1, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	return at, nil
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
	at, err := openSocket(path)
	if err != nil {
		return err
	}
	defer unix.Close(at)
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
