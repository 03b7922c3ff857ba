package reactor

// Backend names the system call a loop waits with.
type Backend uint8

const (
	// Epoll costs the same for ten descriptors and for a hundred thousand: a turn takes time in proportion to what is
	// ready. It alone has Edge and Exclusive. It refuses regular files and directories (EPERM), which are always ready.
	// The kernel bounds the registrations of a user by /proc/sys/fs/epoll/max_user_watches.
	Epoll Backend = iota

	// Poll hands all descriptors to the kernel in every turn, which looks at each. It takes as many as RLIMIT_NOFILE says.
	Poll

	// Select hands bitmaps to the kernel that reach up to the highest descriptor, three bits for each number. Descriptors
	// of FDSetSize and above are refused: that is where libc's fd_set ends, and so where every program written against
	// select(2) stops. The kernel has no such limit: see Config.WideSelect.
	Select
)

// FDSetSize is how many descriptors libc's fd_set has bits for.
const FDSetSize = 1024

func (b Backend) String() string {
	switch b {
	case Epoll:
		return "epoll"
	case Poll:
		return "poll"
	case Select:
		return "select"
	}
	return "unknown back end"
}

// ParseBackend returns the back end of that name: "epoll", "poll" or "select".
func ParseBackend(name string) (Backend, error) {
	for b := Epoll; b <= Select; b++ {
		if b.String() == name {
			return b, nil
		}
	}
	return 0, &backendError{name}
}

type backendError struct{ name string }

func (e *backendError) Error() string {
	return "reactor: no back end is called " + e.name + ": there are epoll, poll and select"
}

// Config describes a loop. The zero Config is ready for use.
type Config struct {
	// Backend is what the loop waits with; default Epoll.
	Backend Backend

	// WideSelect gives the kernel bitmaps longer than libc's fd_set, which it takes without complaint: select then has
	// no other limit than RLIMIT_NOFILE. Only Select looks at it.
	WideSelect bool

	// OnPanic is called with what a callback panicked with, while the callback's stack is still there for
	// runtime/debug.Stack. The loop removes the descriptor or closes the connection whose callback it was and goes on.
	// Default: the panic leaves Run, as it would leave any other function. The loop is then as after a return from the
	// callback, and may be run again.
	OnPanic func(value any)
}
