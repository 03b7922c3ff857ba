package sdktest

import (
	"os"
	"testing"

	"github.com/antedon-net/antedon/internal/netlab"
)

func TestMain(m *testing.M) { os.Exit(netlab.Main(m)) }
