package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestLabNew: a directory is made once, with what to do next, in words that a shell takes.
func TestLabNew(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	dir := filepath.Join(t.TempDir(), "my tcp")
	out := p.ok("lab", "new", "go", dir)
	self, err := os.Executable() // which is not installed
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"Write your TCP in " + filepath.Join(dir, "outgoing.go"), "\n  cd '" + dir + "'\n", "\n  go build -o mytcp .\n  " + self + " lab driver --sdk ./mytcp -- curl http://10.7.0.2/\n",
		"\n  " + self + " lab drill base -- ./mytcp\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "api", "api.go")); err != nil {
		t.Error(err)
	}
	p.fails(exitFailure, "antedon: lab new: "+dir+" is not empty; nothing was written", "lab", "new", "go", dir)
	p.fails(exitUsage, `antedon: lab new: there is no SDK for "cobol": want go, python, cpp, rust, java, kotlin, nodejs, typescript (`, "lab", "new", "cobol", dir)
	const all = "LANG being one of go, python, cpp, rust, java, kotlin, nodejs, typescript (see antedon lab new -h)"
	p.fails(exitUsage, "antedon: lab new: missing argument: want LANG DIR, "+all, "lab", "new")
	p.fails(exitUsage, "antedon: lab new: missing argument: want LANG DIR, "+all, "lab", "new", "go")
}

func TestQuoted(t *testing.T) {
	for path, want := range map[string]string{
		"a/b-c_1.d": "a/b-c_1.d", "": "''", "a b": "'a b'", "it's": `'it'\''s'`, "$(x)": "'$(x)'", "目录": "'目录'",
	} {
		if got := quoted(path); got != want {
			t.Errorf("%q: got %s, want %s", path, got, want)
		}
	}
}
