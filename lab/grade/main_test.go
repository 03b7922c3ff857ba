package grade

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/antedon-net/antedon/internal/netlab"
	"github.com/antedon-net/antedon/internal/sandbox"
	"github.com/antedon-net/antedon/lab/variant"
)

func TestMain(m *testing.M) {
	sandbox.Init()
	os.Exit(netlab.Main(m))
}

// pythonVariant makes a directory with a variant of the Python reference.
func pythonVariant(t *testing.T, name string) Config {
	t.Helper()
	v, err := variant.Find(name)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := v.Write("../..", dir); err != nil {
		t.Fatal(err)
	}
	return Config{Name: name, Argv: []string{"python3", "main.py"}, Dir: dir, Seed: 1}
}

// run marks a program.
func run(t *testing.T, cfg Config) *Report {
	t.Helper()
	r, err := Run(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			var b strings.Builder
			_ = r.WriteText(&b, false)
			t.Log(b.String())
		}
	})
	return r
}

// built builds a program of this repository.
func built(t *testing.T, pkg string) Config {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(dir, "main"), pkg).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return Config{Name: pkg, Argv: []string{"./main"}, Dir: dir, Seed: 2}
}
