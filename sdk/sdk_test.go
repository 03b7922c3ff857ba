package sdk

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestKits: every language's directory has what its kit promises, and nothing of ours that does not belong there.
func TestKits(t *testing.T) {
	for _, k := range kits {
		t.Run(k.Lang, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "new", "dir")
			if err := k.Write(dir); err != nil {
				t.Fatal(err)
			}
			names := listFiles(t, dir)
			for _, want := range []string{k.FillIn, "README.md", "README.zh-CN.md"} {
				if !slices.Contains(names, want) {
					t.Errorf("there is no %s among %q", want, names)
				}
			}
			for _, name := range names {
				if isTest(filepath.Base(name)) || strings.HasSuffix(name, ".embedded") {
					t.Errorf("there is %s", name)
				}
			}
			if len(k.Next) == 0 {
				t.Error("nothing is said on how to go on")
			}
		})
	}
}

func listFiles(t *testing.T, dir string) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			var rel string
			rel, err = filepath.Rel(dir, path)
			names = append(names, filepath.ToSlash(rel))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// TestNotEmpty: what is there stays as it is.
func TestNotEmpty(t *testing.T) {
	for _, k := range kits {
		dir := t.TempDir()
		mine := filepath.Join(dir, ".mine")
		if err := os.WriteFile(mine, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := k.Write(dir); !errors.Is(err, ErrNotEmpty) {
			t.Errorf("%s: got %v, want %v", k.Lang, err, ErrNotEmpty)
		}
		if err := k.Write(mine); err == nil {
			t.Errorf("%s: wrote into a file", k.Lang)
		}
		if names := listFiles(t, dir); !slices.Equal(names, []string{".mine"}) {
			t.Errorf("%s: then there are %q", k.Lang, names)
		}
	}
}

func TestFind(t *testing.T) {
	for _, lang := range Langs() {
		if k, err := Find(lang); err != nil || k.Lang != lang {
			t.Errorf("%s: got %v, %v", lang, k.Lang, err)
		}
	}
	if _, err := Find("cobol"); err == nil || !strings.Contains(err.Error(), "go") {
		t.Errorf("got %v, want what there is", err)
	}
}

// TestGo: a student's directory builds on its own, with no module but the standard library and the language of Debian 12's Go.
func TestGo(t *testing.T) {
	k, err := Find("go")
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "mytcp")
	if err := k.Write(dir); err != nil {
		t.Fatal(err)
	}
	for _, name := range listFiles(t, dir) {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(b, []byte(`"github.com/`)) {
			t.Errorf("%s imports something that is not there", name)
		}
	}
	goIn(t, dir, "vet", "./...")
	goIn(t, dir, "build", "-o", "mytcp", ".")
}

func goIn(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOPROXY=off", "GOFLAGS=", "GOWORK=off", "CGO_ENABLED=0", "GOTOOLCHAIN=local")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}
