package lattice

import (
	_ "embed"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
)

const (
	root   = "../.."
	module = "github.com/antedon-net/antedon"
)

//go:embed lattice.txt
var text string

// coreStd is the part of the standard library that the core may import. What it may use of fmt, syscall and time is
// narrower still: see TestCoreIsPure.
var coreStd = []string{
	"bytes", "cmp", "encoding/binary", "errors", "fmt", "hash", "hash/maphash", "io", "iter", "maps", "math", "math/bits",
	"net/netip", "slices", "sort", "strconv", "strings", "syscall", "time", "unsafe",
}

// place is where the lattice puts a package.
type place struct {
	class string // "core", "door", "library" or "program"
	line  int
}

// parseLattice returns the place of each package, named relative to the module.
func parseLattice(t *testing.T, text string) map[string]place {
	t.Helper()
	places := make(map[string]place)
	class := ""
	for n, line := range strings.Split(text, "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		if name, _, ok := strings.Cut(line, ": "); ok {
			class = name
			continue
		}
		for _, pkg := range strings.Fields(line) {
			if _, ok := places[pkg]; ok {
				t.Fatalf("lattice.txt:%d: %s stands twice", n+1, pkg)
			}
			places[pkg] = place{class, n + 1}
		}
	}
	return places
}

// pkg is what go list tells about a package.
type pkg struct {
	Dir        string
	ImportPath string
	Doc        string
	Name       string
	GoFiles    []string
	Imports    []string
}

// rel is the package's name in the lattice.
func (p *pkg) rel() string {
	if p.ImportPath == module {
		return "."
	}
	return strings.TrimPrefix(p.ImportPath, module+"/")
}

// packages lists the packages of the module.
var packages = sync.OnceValues(func() ([]pkg, error) {
	cmd := exec.Command("go", "list", "-json=Dir,ImportPath,Doc,Name,GoFiles,Imports", "./...")
	cmd.Dir, cmd.Stderr = root, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, err
	}
	var list []pkg
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return list, nil
		} else if err != nil {
			return nil, err
		}
		if len(p.GoFiles) > 0 {
			list = append(list, p)
		}
	}
})

func mustPackages(t *testing.T) []pkg {
	t.Helper()
	list, err := packages()
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestImports checks every import against the lattice.
func TestImports(t *testing.T) {
	places := parseLattice(t, text)
	listed := make(map[string]bool)
	for _, p := range mustPackages(t) {
		at, ok := places[p.rel()]
		if !ok {
			t.Errorf("%s has no place in lattice.txt", p.rel())
			continue
		}
		listed[p.rel()] = true
		for _, imp := range p.Imports {
			if why := forbidden(places, at, imp); why != "" {
				t.Errorf("%s imports %s: %s", p.rel(), imp, why)
			}
		}
	}
	for name, at := range places {
		if !listed[name] {
			t.Errorf("lattice.txt:%d: there is no package %s", at.line, name)
		}
	}
}

// forbidden says why a package at the given place must not import imp; it returns "" if it may.
func forbidden(places map[string]place, at place, imp string) string {
	if imp == module || strings.HasPrefix(imp, module+"/") {
		other := pkg{ImportPath: imp}
		if to := places[other.rel()]; to.line >= at.line {
			return "it does not stand above"
		}
		return ""
	}
	first, _, _ := strings.Cut(imp, "/")
	std := !strings.Contains(first, ".")
	switch {
	case at.class == "core" && !slices.Contains(coreStd, imp):
		return "not for the core"
	case at.class == "door" && imp != "sync" && !slices.Contains(coreStd, imp):
		return "not for what the core imports"
	case at.class == "library" && !std && !strings.HasPrefix(imp, "golang.org/x/sys/"):
		return "users of the library would inherit it"
	}
	return ""
}

// TestLatticeRules checks the checker.
func TestLatticeRules(t *testing.T) {
	places := parseLattice(t, "core: x\na b\n\ndoor: x\nl\n\ncore: x\nc\n\nlibrary: x\n.\n\nprogram: x\ncmd\n")
	for _, tt := range []struct {
		from, imp string
		ok        bool
	}{
		{"c", module + "/a", true},
		{"a", module + "/c", false},
		{"a", module + "/b", false},
		{".", module + "/c", true},
		{"c", module, false},
		{"c", module + "/unlisted", true},
		{"a", "errors", true},
		{"a", "net/netip", true},
		{"a", "net", false},
		{"a", "sync", false},
		{"l", "sync", true},
		{"l", "os", false},
		{"c", module + "/l", true},
		{"a", "golang.org/x/sys/unix", false},
		{".", "net", true},
		{".", "golang.org/x/sys/unix", true},
		{".", "example.com/m", false},
		{"cmd", "example.com/m", true},
	} {
		why := forbidden(places, places[tt.from], tt.imp)
		if (why == "") != tt.ok {
			t.Errorf("%s imports %s: got %q, want allowed = %t", tt.from, path.Base(tt.imp), why, tt.ok)
		}
	}
}
