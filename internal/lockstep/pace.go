package lockstep

import "time"

// tolerance is how long a step may take that takes no time in the script, if what follows is to be as the script has it.
// The shortest of the kernel's timers that scripts meet runs for 40 ms, and a fifth less is too early for it.
const tolerance = 5 * time.Millisecond

// pace watches whether a player keeps to the time of its script. When this process is held up the kernel's timers
// go on, and what happens then is not what the script is about.
type pace struct {
	mark time.Duration // when the step in progress should have begun
	held time.Duration // the longest delay
}

// check notes that a step has ended.
func (c *pace) check(now time.Duration) {
	c.held = max(c.held, now-c.mark)
	c.mark = now
}

// resume notes that the step goes on at this time, until which it had to wait.
func (c *pace) resume(at time.Duration) { c.mark = at }

// isBroken reports whether the player was held up.
func (c *pace) isBroken() bool { return c.held > tolerance }
