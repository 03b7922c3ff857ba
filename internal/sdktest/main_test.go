package sdktest

import (
	"os"
	"testing"

	"github.com/antedon-net/antedon/internal/netlab"
	"github.com/antedon-net/antedon/internal/sandbox"
)

func TestMain(m *testing.M) {
	sandbox.Init()
	code := netlab.Main(m)
	removeCopies()
	os.Exit(code)
}
