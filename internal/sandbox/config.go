package sandbox

import (
	"io"
	"time"
)

// Config says what is run.
type Config struct {
	// Argv is the program and its arguments; a name without a slash is looked for in the PATH of this process.
	Argv []string

	// Dir is the directory it starts in; it is shown.
	Dir string

	// Show are further paths it must be able to see, wherever they lie. Those that do not exist are left out.
	Show []string

	// Hide are directories of which it sees nothing but what is shown. Homes always are.
	Hide []string

	// Env is the whole environment but for PATH, HOME and LANG, which New sets.
	Env []string

	// Output gets what the program prints; default: nobody.
	Output io.Writer

	// Limits are what it may use.
	Limits Limits
}

// Limits are what all processes in a box together may use, if nothing else is said. Zero fields mean the default.
type Limits struct {
	Memory    int64         // bytes in memory; default 1 GiB
	Disk      int64         // bytes in /tmp; default 64 MiB
	FileSize  int64         // bytes in a file; default 32 MiB
	Processes int           // processes and threads; default 256
	Files     int           // descriptors of one process; default 512
	CPU       time.Duration // of one process; default 5 minutes
	Wall      time.Duration // from Start on; default 15 minutes
}

func (l *Limits) setDefaults() {
	orDefault(&l.Memory, 1<<30)
	orDefault(&l.Disk, 64<<20)
	orDefault(&l.FileSize, 32<<20)
	orDefault(&l.Processes, 256)
	orDefault(&l.Files, 512)
	orDefault(&l.CPU, 5*time.Minute)
	orDefault(&l.Wall, 15*time.Minute)
}

func orDefault[T int | int64 | time.Duration](v *T, d T) {
	if *v == 0 {
		*v = d
	}
}

// order is what the first process is told.
type order struct {
	Argv   []string
	Dir    string
	Show   []string
	Hide   []string
	Env    []string
	Limits Limits
	Drop   bool // be user 65534 outside of the box too
}

// report is what it answers.
type report struct {
	Ready bool
	Err   string // it could not be done
	Limit string // which limit was reached
	Exit  string // how the program ended, "" for exit code 0
	Ended bool
}
