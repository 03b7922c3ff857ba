package workload

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// reading is what the meter shows at a moment.
type reading struct {
	at        time.Time
	cpu, peer time.Duration
	switches  int64
}

// read reads the meter.
func read(peerPID int) (reading, error) {
	var r reading
	var err error
	if peerPID != 0 {
		if r.peer, err = cpuTime(peerPID); err != nil {
			return r, fmt.Errorf("workload: CPU time of the peer: %w", err)
		}
	}
	if r.cpu, err = cpuTime(0); err != nil {
		return r, fmt.Errorf("workload: CPU time: %w", err)
	}
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		return r, fmt.Errorf("workload: getrusage: %w", err)
	}
	r.switches = u.Nvcsw + u.Nivcsw
	r.at = time.Now()
	return r, nil
}

// since returns what came together since another reading.
func (r reading) since(s reading) Result {
	return Result{Time: r.at.Sub(s.at), CPU: r.cpu - s.cpu, PeerCPU: r.peer - s.peer, Switches: r.switches - s.switches}
}

// cpuTime returns the CPU time that all threads of a process have used, in user space and in the kernel; 0 is this process.
// The clock has the resolution of the scheduler's, where /proc would count hundredths of a second.
func cpuTime(pid int) (time.Duration, error) {
	const cpuClockSched = 2 // CPUCLOCK_SCHED of the kernel's posix-timers.h
	var ts unix.Timespec
	if err := unix.ClockGettime(int32(^pid)<<3|cpuClockSched, &ts); err != nil {
		return 0, err
	}
	return time.Duration(ts.Nano()), nil
}
