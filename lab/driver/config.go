package driver

import (
	"time"

	"github.com/antedon-net/antedon/internal/netlab"
	"github.com/antedon-net/antedon/lab/exp4"
	"github.com/antedon-net/antedon/lab/table"
	"github.com/antedon-net/antedon/link/capture"
	"github.com/antedon-net/antedon/link/impair"
)

// Config says what a driver does. The zero Config captures everything in the network namespace of the process, for one SDK.
type Config struct {
	// Mode says which connections are captured; default All.
	Mode Mode

	// Namespace is the private network namespace to work in; nil is that of the process itself.
	Namespace *netlab.Namespace

	// Dirs are the directories of the sockets, one for each SDK; default exp4.DefaultDir alone.
	Dirs []string

	// Builtin has Antedon's own TCP carry the connections. There are no SDKs then.
	Builtin bool

	// Incoming are the ports of listeners on this machine whose connections are captured as well: at most 16, and not 22.
	Incoming []uint16

	// Offload has the links below cut runs of segments, or pass them on uncut: several times as fast, but past the kernel's
	// rules for what goes out. It is for namespaces without any.
	Offload bool

	// Impair makes the path to the remote ends worse, in both directions; nil leaves it.
	Impair *impair.Plan

	// Capture gets what passes on the path, with comments; nil for nobody. It belongs to the caller.
	Capture *capture.Writer

	// Table says how connections are kept.
	Table table.Config

	// Stall is after how long an SDK that does not read is reported; default 5 s.
	Stall time.Duration

	// Log is told in one line what went wrong, and when SDKs come and go. It is called by the driver's goroutine. Default:
	// nobody is told.
	Log func(line string)
}

func (c *Config) setDefaults() {
	if c.Mode == "" {
		c.Mode = All
	}
	if len(c.Dirs) == 0 && !c.Builtin {
		c.Dirs = []string{exp4.DefaultDir}
	}
	if c.Log == nil {
		c.Log = func(string) {}
	}
	if c.Stall == 0 {
		c.Stall = 5 * time.Second
	}
	c.Table = c.Table.WithDefaults()
}

func (c *Config) ports() portRange {
	return portRange{c.Table.FirstPort, c.Table.FirstPort + uint16(c.Table.Ports) - 1}
}

// in runs fn in the network namespace.
func (c *Config) in(fn func() error) error {
	if c.Namespace == nil {
		return fn()
	}
	return c.Namespace.Do(fn)
}
