package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/antedon-net/antedon/lab/grade"
)

// TestLabGrade: a program that is no TCP gets no marks, which is no failure of ours, and reads why.
func TestLabGrade(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	out := filepath.Join(t.TempDir(), "report")
	text := p.ok("lab", "grade", "--dir", "/", "--out", out, "--", "sh", "-c", "echo no TCP; exit 7")
	for _, want := range []string{"0 of 80", "the program ended before its hello: exit status 7", "program: no TCP"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if _, err := os.Stat(filepath.Join(out, "report.html")); err != nil {
		t.Error(err)
	}
	var r grade.Report
	if err := json.Unmarshal([]byte(p.ok("lab", "grade", "--json", "--name", "none", "--", "true")), &r); err != nil || r.Name != "none" || r.Max != 80 || len(r.Marks) != 7 {
		t.Errorf("got %+v, %v", r, err)
	}
}
