package lattice

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// inherited are the modules that a program may gain by importing us.
var inherited = []string{module, "golang.org/x/sys"}

// newModule makes a fresh module that imports this one from its directory, writes files into it and tidies it. That needs no
// module which this one does not name, and those that are not there yet are fetched first: tidy looks at the tests of what is
// imported, and at what they import.
func newModule(t *testing.T, files map[string]string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, text := range files {
		writeFile(t, filepath.Join(dir, name), text)
	}
	abs, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	fetch := exec.Command("go", "mod", "download")
	fetch.Dir = root
	if out, err := fetch.CombinedOutput(); err != nil {
		t.Fatalf("go mod download: %v\n%s", err, out)
	}
	goIn(t, dir, "mod", "init", "example.com/fresh")
	goIn(t, dir, "mod", "edit", "-require="+module+"@v0.0.0", "-replace="+module+"="+abs)
	writeFile(t, filepath.Join(dir, "go.sum"), readFile(t, "go.sum")) // tidy keeps what is needed
	goIn(t, dir, "mod", "tidy")
	return dir
}

func writeFile(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// goIn runs the go command in dir and returns what it printed.
func goIn(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOPROXY=off", "GOFLAGS=", "GOWORK=off", "CGO_ENABLED=0")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// TestInheritance checks what a fresh module gains by importing the root package: what its go.mod then requires, which
// modules its packages come from, and what ends up in its binary.
func TestInheritance(t *testing.T) {
	dir := newModule(t, map[string]string{
		"main.go": "package main\n\nimport _ \"" + module + "\"\n\nfunc main() {}\n",
	})

	var mod struct{ Require []struct{ Path string } }
	if err := json.Unmarshal([]byte(goIn(t, dir, "mod", "edit", "-json")), &mod); err != nil {
		t.Fatal(err)
	}
	for _, r := range mod.Require {
		checkInherited(t, "go.mod", r.Path)
	}

	from := goIn(t, dir, "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}}{{end}}{{end}}", ".")
	for _, m := range strings.Fields(from) {
		checkInherited(t, "package list", m)
	}

	goIn(t, dir, "build", "-o", "fresh", ".")
	for line := range strings.Lines(goIn(t, dir, "version", "-m", "fresh")) {
		if f := strings.Fields(line); len(f) >= 2 && f[0] == "dep" {
			checkInherited(t, "binary", f[1])
		}
	}
}

func checkInherited(t *testing.T, where, m string) {
	t.Helper()
	if !slices.Contains(inherited, m) {
		t.Errorf("the %s of a program that imports %s has %s", where, module, m)
	}
}
