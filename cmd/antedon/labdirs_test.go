package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestSweepLabDirs: what was left behind goes, what is in use or new stays.
func TestSweepLabDirs(t *testing.T) {
	parent := t.TempDir()
	for name, wantGone := range map[string]bool{"left": true, "used": false, "new": false} {
		dir := filepath.Join(parent, labDirs+name)
		if err := os.MkdirAll(filepath.Join(dir, "1"), 0o755); err != nil {
			t.Fatal(err)
		}
		if name == "used" {
			lock, err := lockDir(dir)
			if err != nil {
				t.Fatal(err)
			}
			defer lock.Close()
		}
		if name != "new" {
			old := time.Now().Add(-2 * sweepAfter)
			if err := os.Chtimes(dir, old, old); err != nil {
				t.Fatal(err)
			}
		}
		sweepLabDirs(parent)
		if _, err := os.Stat(dir); os.IsNotExist(err) != wantGone {
			t.Errorf("%s: got %v, want it gone: %v", name, err, wantGone)
		}
	}
}
