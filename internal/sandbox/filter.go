package sandbox

import (
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// denied are the system calls that fail, with their errors: where programs have another way, they are told that there is no such
// call.
//
// What they would give is memory that no process is charged with, new namespaces, where a program has capabilities, what
// belongs to the user and not to the box, and parts of the kernel that no TCP needs and that have had holes.
var denied = map[unix.Errno][]uint32{
	unix.ENOSYS: {
		unix.SYS_CLONE3, // its flags are in memory, which a filter cannot read; clone's are not
		unix.SYS_MEMFD_CREATE, unix.SYS_MEMFD_SECRET, unix.SYS_SHMGET, unix.SYS_MSGGET, unix.SYS_SEMGET, unix.SYS_MQ_OPEN,
		unix.SYS_IO_URING_SETUP, unix.SYS_USERFAULTFD,
	},
	unix.EPERM: {
		unix.SYS_UNSHARE, unix.SYS_SETNS,
		unix.SYS_MOUNT, unix.SYS_UMOUNT2, unix.SYS_PIVOT_ROOT, unix.SYS_FSOPEN, unix.SYS_FSMOUNT, unix.SYS_OPEN_TREE, unix.SYS_MOVE_MOUNT,
		unix.SYS_MOUNT_SETATTR,
		unix.SYS_ADD_KEY, unix.SYS_REQUEST_KEY, unix.SYS_KEYCTL,
		unix.SYS_PTRACE, unix.SYS_PROCESS_VM_READV, unix.SYS_PROCESS_VM_WRITEV, unix.SYS_KCMP, unix.SYS_PIDFD_GETFD,
		unix.SYS_BPF, unix.SYS_PERF_EVENT_OPEN, unix.SYS_FANOTIFY_INIT, unix.SYS_LOOKUP_DCOOKIE, unix.SYS_QUOTACTL,
		unix.SYS_NAME_TO_HANDLE_AT, unix.SYS_OPEN_BY_HANDLE_AT,
	},
}

// families are those of the sockets that a program may have. A network namespace does not hold others: vsock leads to the host of a
// virtual machine.
var families = []uint32{unix.AF_UNIX, unix.AF_INET, unix.AF_INET6, unix.AF_NETLINK}

// newNamespaces are the flags of clone that make one.
const newNamespaces = unix.CLONE_NEWUSER | unix.CLONE_NEWNS | unix.CLONE_NEWNET | unix.CLONE_NEWPID | unix.CLONE_NEWIPC |
	unix.CLONE_NEWUTS | unix.CLONE_NEWCGROUP

// Where a filter finds things: struct seccomp_data.
const (
	dataCall = 0
	dataArch = 4
	dataArgs = 16 // low words first: all of these are little-endian
)

// x32 marks the calls of another convention of amd64, of the same architecture by name.
const x32 = 0x4000_0000

var architectures = map[string]uint32{
	"amd64": unix.AUDIT_ARCH_X86_64, "arm64": unix.AUDIT_ARCH_AARCH64, "riscv64": unix.AUDIT_ARCH_RISCV64,
}

// filter returns what the kernel runs before each system call.
func filter(arch uint32) []unix.SockFilter {
	load := func(at uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: at}
	}
	// unless skips n instructions if the comparison does not hold.
	unless := func(compare uint16, k uint32, n uint8) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_JMP | compare | unix.BPF_K, Jf: n, K: k}
	}
	end := func(action uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: action}
	}
	fail := func(err unix.Errno) unix.SockFilter { return end(unix.SECCOMP_RET_ERRNO | uint32(err)) }
	code := []unix.SockFilter{
		load(dataArch),
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jt: 1, K: arch},
		end(unix.SECCOMP_RET_KILL_PROCESS), // the numbers mean other calls
		load(dataCall),
		unless(unix.BPF_JGE, x32, 1), fail(unix.ENOSYS),
	}
	for err, calls := range denied {
		for _, call := range calls {
			code = append(code, unless(unix.BPF_JEQ, call, 1), fail(err))
		}
	}
	check := []unix.SockFilter{load(dataArgs)}
	for _, f := range families {
		check = append(check, unless(unix.BPF_JEQ, f, 1), end(unix.SECCOMP_RET_ALLOW))
	}
	check = append(check, fail(unix.EAFNOSUPPORT))
	for _, call := range []uint32{unix.SYS_SOCKET, unix.SYS_SOCKETPAIR} {
		code = append(append(code, unless(unix.BPF_JEQ, call, uint8(len(check)))), check...)
	}
	return append(code,
		unless(unix.BPF_JEQ, unix.SYS_CLONE, 4),
		load(dataArgs),
		unless(unix.BPF_JSET, newNamespaces, 1), fail(unix.EPERM),
		end(unix.SECCOMP_RET_ALLOW),
		// Memory that is shared, and no file's, stays when nobody has it in his page tables.
		unless(unix.BPF_JEQ, unix.SYS_MMAP, 4),
		load(dataArgs+3*8),
		unless(unix.BPF_JSET, unix.MAP_ANONYMOUS, 2),
		unless(unix.BPF_JSET, unix.MAP_SHARED, 1), fail(unix.ENOMEM),
		end(unix.SECCOMP_RET_ALLOW))
}

// setFilter has the kernel deny these calls to the calling thread and to what it becomes.
func setFilter() error {
	arch, ok := architectures[runtime.GOARCH]
	if !ok {
		return fmt.Errorf("there is no filter of system calls for %s", runtime.GOARCH)
	}
	code := filter(arch)
	program := unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]}
	return os.NewSyscallError("seccomp", unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&program)), 0, 0))
}
