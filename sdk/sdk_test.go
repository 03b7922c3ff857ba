package sdk

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/antedon-net/antedon/lab/exp4"
)

const patience = time.Minute

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

// TestGo: a student's directory builds on its own, with no module but the standard library and the Go of Debian 12, and the
// program says hello to a driver.
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
	checkHello(t, exec.Command(filepath.Join(dir, "mytcp")))
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

// checkHello runs a program until it has said hello.
func checkHello(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	dir := t.TempDir()
	e, err := exp4.Listen(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	run := exec.CommandContext(ctx, cmd.Path, cmd.Args[1:]...)
	var stderr bytes.Buffer
	run.Env, run.Stderr = append(os.Environ(), "ANTEDON_LAB_DIR="+dir), &stderr
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	e.SetReadDeadline(time.Now().Add(patience))
	m, err := e.Receive()
	if err != nil || !m.IsHello() {
		t.Errorf("got %v, %v, want a hello", m, err)
	}
	cancel()
	run.Wait()
	if stderr.Len() > 0 {
		t.Errorf("it says %q", stderr.String())
	}
}
