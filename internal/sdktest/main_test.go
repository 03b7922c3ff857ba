package sdktest

import (
	"os"
	"testing"

	"github.com/antedon-net/antedon/internal/netlab"
)

func TestMain(m *testing.M) {
	code := netlab.Main(m)
	removeCopies()
	os.Exit(code)
}
