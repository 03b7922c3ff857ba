package multiplex

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// spare is how many descriptors a process may need besides those that it watches.
const spare = 64

// allow sees to it that n descriptors can be watched, and returns how many can. It raises the soft limit, and the hard one where
// the process may.
func allow(n int) (int, error) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return 0, err
	}
	need := uint64(n + spare)
	if limit.Cur < need {
		raised := unix.Rlimit{Cur: need, Max: max(limit.Max, need)}
		if unix.Setrlimit(unix.RLIMIT_NOFILE, &raised) == nil {
			return n, nil
		}
		limit.Cur = limit.Max
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
			return 0, err
		}
	}
	return int(min(limit.Cur, need)) - spare, nil
}

// limitError says that a machine does not let a process have as many descriptors as it would take.
type limitError struct{ want, allowed int }

func (e *limitError) Error() string {
	return fmt.Sprintf("this machine does not allow %d descriptors, only %d: RLIMIT_NOFILE is %d, which takes CAP_SYS_RESOURCE to raise",
		e.want, e.allowed, e.allowed+spare)
}
