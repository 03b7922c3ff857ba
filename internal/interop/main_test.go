package interop

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/antedon-net/antedon/internal/netlab"
)

// limit is how long a test waits for something that ought to happen soon. Only a bug reaches it.
const limit = 2 * time.Minute

// partVar names the part that a copy of this binary, started by a test, has to play.
const partVar = "INTEROP_TEST_PART"

func TestMain(m *testing.M) {
	if os.Getenv(partVar) == "" {
		os.Exit(netlab.Main(m))
	}
	if err := playLeave(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
