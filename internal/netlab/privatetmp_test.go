package netlab

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPrivateTmpClose: what a program has started ends with its place, although it left group and session.
func TestPrivateTmpClose(t *testing.T) {
	p, err := NewPrivateTmp(nil, t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	out, err := p.Command(t.Context(), "sh", "-c", daemonise).Output()
	if err != nil {
		t.Fatal(err)
	}
	daemon := openProcess(t, string(out))
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	waitEnd(t, daemon)
}

// TestPrivateTmp: two programs see different files of the same name, what is kept, and the namespace's network.
func TestPrivateTmp(t *testing.T) {
	ns := newNamespace(t)
	before, err := os.MkdirTemp("/tmp", "antedon-kept-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(before)
	if err := os.WriteFile(filepath.Join(before, "kept"), []byte("kept"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"one", "two"} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "which"), []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
		p, err := NewPrivateTmp(ns, dir, []string{filepath.Join(before, "kept"), "/etc/passwd", "/tmp/no-such-thing/x"})
		if err != nil {
			t.Fatal(err)
		}
		out, err := p.Command(t.Context(), "sh", "-c", "cat /tmp/which "+before+"/kept; echo made >/tmp/made; wc -l </proc/net/dev").Output()
		if err != nil || strings.TrimSpace(string(out)) != name+"kept3" {
			t.Errorf("got %q, %v, want %skept, and three lines: a heading of two and the loopback", out, err, name)
		}
		if b, err := os.ReadFile(filepath.Join(dir, "made")); err != nil || string(b) != "made\n" {
			t.Errorf("got %q, %v, want what was written to /tmp", b, err)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Stat("/tmp/which"); !os.IsNotExist(err) {
		t.Errorf("/tmp itself has changed: %v", err)
	}
}
