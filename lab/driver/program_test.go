package driver

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/antedon-net/antedon/lab/exp4"
)

// TestCloseRemovesItsName: and not what somebody has put in its place.
func TestCloseRemovesItsName(t *testing.T) {
	for _, replaced := range []bool{false, true} {
		p := newPlace(t)
		p.start(1, nil)
		path := filepath.Join(p.dirs[0], exp4.DriverSocket)
		if replaced {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := p.driver.Close(); err != nil {
			t.Fatal(err)
		}
		_, err := os.Lstat(path)
		if gone := errors.Is(err, fs.ErrNotExist); gone == replaced {
			t.Errorf("replaced %v: the name is gone: got %v, want %v", replaced, gone, !replaced)
		}
	}
}
