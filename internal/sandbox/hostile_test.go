package sandbox

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// attacks are what a hostile program tries. Each has to fail.
var attacks = []struct {
	name string
	try  func() error
}{
	{"trace the first process", func() error { return unix.PtraceAttach(1) }},
	{"read the memory of the first process", func() error { _, err := os.ReadFile("/proc/1/maps"); return err }},
	{"read its environment", func() error { _, err := os.ReadFile("/proc/1/environ"); return err }},
	{"reach the file system through it", func() error { _, err := os.ReadDir("/proc/1/root"); return err }},
	{"take its orders", func() error { _, err := os.Open(fmt.Sprint("/proc/1/fd/", ordersFD)); return err }},
	{"forge its report", func() error { _, err := os.OpenFile(fmt.Sprint("/proc/1/fd/", reportsFD), os.O_WRONLY, 0); return err }},
	{"join its namespaces", func() error { _, err := os.Open("/proc/1/ns/mnt"); return err }},
	{"write into its memory", func() error { _, err := os.OpenFile("/proc/1/mem", os.O_RDWR, 0); return err }},
	{"mount", func() error { return unix.Mount("tmpfs", "/tmp", "tmpfs", 0, "") }},
	{"mount again", func() error { return unix.Mount("", "/", "", unix.MS_REMOUNT|unix.MS_BIND, "") }},
	{"unmount", func() error { return unix.Unmount("/tmp", unix.MNT_DETACH) }},
	{"open a file system", func() error { _, err := unix.Fsopen("tmpfs", 0); return err }},
	{"a user namespace", func() error { return unix.Unshare(unix.CLONE_NEWUSER) }},
	{"a child in a user namespace", func() error {
		cmd := exec.Command("true")
		cmd.SysProcAttr = &unix.SysProcAttr{Cloneflags: unix.CLONE_NEWUSER}
		return cmd.Run()
	}},
	{"a user namespace by clone", func() error { return errno(unix.SYS_CLONE, unix.CLONE_NEWUSER|uintptr(unix.SIGCHLD), 0, 0) }},
	{"clone3", func() error { return errno(unix.SYS_CLONE3, 0, 0, 0) }},
	{"a network namespace", func() error { return unix.Unshare(unix.CLONE_NEWNET) }},
	{"the user's keys", func() error { _, err := unix.KeyctlGetKeyringID(unix.KEY_SPEC_USER_KEYRING, true); return err }},
	{"a key", func() error {
		_, err := unix.AddKey("user", "x", []byte("x"), unix.KEY_SPEC_PROCESS_KEYRING)
		return err
	}},
	{"a file in memory", func() error { _, err := unix.MemfdCreate("x", 0); return err }},
	{"shared memory of System V", func() error { _, err := unix.SysvShmGet(unix.IPC_PRIVATE, 1<<20, 0o600); return err }},
	{"shared memory that is nobody's", func() error {
		_, err := unix.Mmap(-1, 0, 1<<20, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_ANON)
		return err
	}},
	{"memory of a device", func() error { _, err := os.Open("/dev/zero"); return err }},
	{"a program in the kernel", func() error { return errno(unix.SYS_BPF, 0, 0, 0) }},
	{"events of the kernel", func() error { return errno(unix.SYS_PERF_EVENT_OPEN, 0, 0, 0) }},
	{"io_uring", func() error { return errno(unix.SYS_IO_URING_SETUP, 1, 0, 0) }},
	{"a file by its handle", func() error { return errno(unix.SYS_OPEN_BY_HANDLE_AT, ^uintptr(0), 0, 0) }},
	{"another user", func() error { return syscall.Setuid(0) }},
	{"another root", func() error { return unix.Chroot("/tmp") }},
	{"a device node", func() error { return unix.Mknod("/tmp/mem", unix.S_IFCHR|0o666, int(unix.Mkdev(1, 1))) }},
	{"the machine's name", func() error { return unix.Sethostname([]byte("mine")) }},
	{"the clock", func() error { return unix.Settimeofday(&unix.Timeval{}) }},
	{"the magic key", func() error { return os.WriteFile("/proc/sysrq-trigger", []byte("h"), 0) }},
	{"settings of the kernel", func() error { return os.WriteFile("/proc/sys/vm/overcommit_memory", []byte("1"), 0) }},
	{"its own limits", func() error {
		return unix.Setrlimit(unix.RLIMIT_NPROC, &unix.Rlimit{Cur: 1 << 20, Max: 1 << 20})
	}},
	{"a map of users", func() error { return os.WriteFile("/proc/self/uid_map", []byte("0 0 1"), 0) }},
	{"a raw socket", func() error { _, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_TCP); return err }},
	{"a packet socket", func() error { _, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW, 0); return err }},
	{"the host of a virtual machine", func() error { _, err := unix.Socket(unix.AF_VSOCK, unix.SOCK_STREAM, 0); return err }},
	{"the kernel's ciphers", func() error { _, err := unix.Socket(unix.AF_ALG, unix.SOCK_SEQPACKET, 0); return err }},
	{"a real-time thread", func() error {
		param := struct{ priority int32 }{1}
		return errno(unix.SYS_SCHED_SETSCHEDULER, 0, 1, uintptr(unsafe.Pointer(&param)))
	}},
}

func errno(call, a, b, c uintptr) error {
	if _, _, errno := unix.Syscall6(call, a, b, c, 0, 0, 0); errno != 0 {
		return errno
	}
	return nil
}

// attack tries all of them, and tells of those that worked.
func attack() {
	runtime.LockOSThread()
	for _, a := range attacks {
		if err := a.try(); err == nil {
			fmt.Println(a.name)
		}
	}
	for _, sig := range []unix.Signal{unix.SIGKILL, unix.SIGSTOP, unix.SIGTERM, unix.SIGINT} {
		_ = unix.Kill(1, sig) // refused or ignored: that the end of this is reported shows it
	}
	fmt.Println(len(attacks), "attacks")
}

// TestHostile: what is not the program's is out of its reach.
func TestHostile(t *testing.T) {
	out, err := finish(t, playing(t, "attack"))
	if want := fmt.Sprintln(len(attacks), "attacks"); err != nil || out != want {
		t.Errorf("got %v, and these worked:\n%s", err, out)
	}
}

// TestThreads: they count as processes do.
func TestThreads(t *testing.T) {
	cfg := playing(t, "threads")
	cfg.Limits = Limits{Processes: 100}
	out, err := finish(t, cfg)
	if err == nil || !strings.Contains(out, "new OS thread") && !strings.Contains(out, "pthread_create failed") || strings.Contains(out, "all of them") {
		t.Errorf("got %v and %.300s", err, out)
	}
}

// threads starts many of them.
func threads() {
	started := make(chan bool)
	for range 1000 {
		go func() {
			runtime.LockOSThread()
			started <- true
			select {}
		}()
	}
	for range 1000 {
		<-started
	}
	fmt.Println("all of them")
}

// TestOutput: whoever prints without end neither fills our memory nor keeps us from ending it.
func TestOutput(t *testing.T) {
	cfg := shell("yes")
	cfg.Limits = Limits{CPU: time.Second}
	cfg.Dir = publicDir(t)
	var n counter
	cfg.Output = &n
	box, err := New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer box.Close()
	if err := box.Start(); err != nil {
		t.Fatal(err)
	}
	await(t, box, new(output))
	if n < 1<<20 {
		t.Errorf("got %d bytes, want many", n)
	}
}

// counter counts what is written to it.
type counter int

func (c *counter) Write(b []byte) (int, error) {
	*c += counter(len(b))
	return len(b), nil
}

// TestNeighbours: of a directory that is hidden, and of homes, a program sees what is its own.
func TestNeighbours(t *testing.T) {
	class, home := elsewhere(t), elsewhere(t)
	t.Setenv("HOME", home)
	for _, dir := range []string{"ada", "bob"} {
		if err := os.Mkdir(filepath.Join(class, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(home, "secret"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	cfg := shell(fmt.Sprintf("ls %s; ls -A %s /home /root", class, home))
	cfg.Dir, cfg.Hide = filepath.Join(class, "ada"), []string{class}
	out, err := finish(t, cfg)
	if err != nil || !strings.HasPrefix(out, "ada\n") || strings.Contains(out, "bob") || strings.Contains(out, "secret") {
		t.Errorf("got %v and\n%s", err, out)
	}
}

// elsewhere is a directory that everybody may enter and that is not in /tmp, which is hidden as it is.
func elsewhere(t *testing.T) string {
	dir, err := os.MkdirTemp("/var/tmp", "antedon-sandbox-")
	if err == nil {
		t.Cleanup(func() { os.RemoveAll(dir) })
		err = os.Chmod(dir, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestLinkedProgram: a program that is a link does not show what it leads to.
func TestLinkedProgram(t *testing.T) {
	home, dir := elsewhere(t), publicDir(t)
	t.Setenv("HOME", home)
	secret := filepath.Join(home, "below", "secret")
	if err := os.Mkdir(filepath.Dir(secret), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(secret, []byte("#!/bin/sh\necho reached\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(secret, filepath.Join(dir, "main")); err != nil {
		t.Fatal(err)
	}
	out, err := finish(t, Config{Argv: []string{"./main"}, Dir: dir})
	if err == nil || strings.Contains(out, "reached") {
		t.Errorf("got %v and %s", err, out)
	}
}
