package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/antedon-net/antedon/lab/drill"
)

// TestLabDrill: scripts are listed and shown, what is shown is a script, and what a program does not do is said.
func TestLabDrill(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	if list := p.ok("lab", "drill", "--list"); strings.Count(list, "\n") != len(drill.Shipped()) || !strings.HasPrefix(list, "syn ") {
		t.Errorf("got\n%s", list)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "mine.drill")
	if err := os.WriteFile(file, []byte(p.ok("lab", "drill", "--show", "handshake")), 0o644); err != nil {
		t.Fatal(err)
	}
	// A program that says hello and no more.
	empty := filepath.Join(dir, "empty")
	p.ok("lab", "new", "python", empty)
	for _, path := range []string{dir, empty} {
		if err := os.Chmod(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	pcap := filepath.Join(dir, "drill.pcapng")
	res := p.antedon("lab", "drill", file, "--pcap", pcap, "--dir", empty, "--", "python3", "-B", "main.py").start()
	code := res.wait()
	for _, want := range []string{"FAIL", "app_connect has to send a SYN", "seen:      nothing within 5s", "RFC 9293, Section 3.5", "(app_connect)"} {
		if out := res.stdout.String(); code != exitFailure || !strings.Contains(out, want) {
			t.Errorf("exit code %d, no %q in\n%s", code, want, out)
		}
	}
	if _, err := os.Stat(pcap); err != nil {
		t.Error(err)
	}
	res = p.antedon("lab", "drill", file, "--json", "--dir", empty, "--", "python3", "-B", "main.py").start()
	code = res.wait()
	var r drill.Result
	if err := json.Unmarshal([]byte(res.stdout.String()), &r); err != nil || code != exitFailure || r.OK || r.Failure == nil || r.Failure.Rule.RFC != 9293 || r.Title != "The three-way handshake" {
		t.Errorf("got %v, %v", r, err)
	}
	res = p.antedon("lab", "drill", "base", "--dir", "/", "--", "sh", "-c", "echo no TCP; exit 7").start()
	code = res.wait()
	const want = "program: no TCP\nantedon: lab drill: the program ended before its hello: exit status 7\n"
	if got := res.stderr.String(); code != exitFailure || got != want {
		t.Errorf("got exit code %d, %q, want %q", code, got, want)
	}
}
