package drill

import (
	"errors"
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
	return Config{Argv: []string{"./main"}, Dir: dir}
}

// pythonVariant makes a directory with a variant of the Python reference.
func pythonVariant(t *testing.T, name string) Config {
	t.Helper()
	v, err := variant.Find(name)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := errors.Join(os.Chmod(dir, 0o755), v.Write("../..", dir)); err != nil {
		t.Fatal(err)
	}
	return Config{Argv: []string{"python3", "-B", "main.py"}, Dir: dir}
}

// mustFind returns scripts.
func mustFind(t *testing.T, name string) []*Script {
	t.Helper()
	scripts, err := Find(name)
	if err != nil {
		t.Fatal(err)
	}
	return scripts
}

// written returns a result as people read it.
func written(r *Result) string {
	var b strings.Builder
	_ = r.WriteText(&b, false)
	return b.String()
}
