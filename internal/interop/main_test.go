package interop

import (
	"os"
	"testing"
	"time"

	"github.com/antedon-net/antedon/internal/netlab"
)

// limit is how long a test waits for something that ought to happen soon. Only a bug reaches it.
const limit = 15 * time.Second

func TestMain(m *testing.M) { os.Exit(netlab.Main(m)) }
