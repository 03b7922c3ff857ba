package sdktest

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// copies are the SDKs that were copied, so that nothing is built in the source. A language has one for all tests, which find
// there what an earlier one built; no two tests build the same language at the same time.
var copies struct {
	sync.Mutex
	root string // "" before the first
}

// copySDK copies an SDK, and the vectors that its tests read, if that has not been done; it returns where it is.
func copySDK(t testing.TB, name string) string {
	t.Helper()
	copies.Lock()
	defer copies.Unlock()
	if copies.root == "" {
		root, err := os.MkdirTemp("", "sdks")
		if err != nil {
			t.Fatal(err)
		}
		copies.root = root
	}
	source, dir := filepath.Join("..", ".."), filepath.Join(copies.root, name)
	for _, part := range []string{filepath.Join("sdk", name), filepath.Join("lab", "exp4", "testdata")} {
		if _, err := os.Stat(filepath.Join(dir, part)); err == nil {
			continue
		}
		if err := os.CopyFS(filepath.Join(dir, part), os.DirFS(filepath.Join(source, part))); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "sdk", name)
}

// removeCopies is called when all tests have ended.
func removeCopies() {
	if copies.root != "" {
		os.RemoveAll(copies.root)
	}
}
