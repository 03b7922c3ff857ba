package sdktest

import (
	"context"
	"os/exec"
	"regexp"
	"sync"
	"testing"
	"time"
)

// limit is for the tests of one SDK, which take seconds on a machine that has nothing else to do.
const limit = 10 * time.Minute

// maven is held by whoever runs Maven: no two shall fill its store of packages at the same time.
var maven sync.Mutex

// TestSDKs runs the tests of each SDK in a copy of it, so that nothing is built in the source.
func TestSDKs(t *testing.T) {
	for _, row := range []struct {
		name  string
		needs []string // programs
		test  []string // in the SDK's directory
		ran   string   // matches what is printed if at least one test ran
	}{
		{"python", []string{"python3"}, []string{"python3", "-B", "-m", "unittest", "discover", "tests"}, `Ran [1-9]\d* tests`},
		{"cpp", []string{"g++", "make"}, []string{"make", "-j2", "CXXFLAGS=-O1", "check"}, `[1-9]\d* passed, 0 failed`},
		{"rust", []string{"cargo"}, []string{"cargo", "test", "--offline", "--locked"}, `[1-9]\d* passed; 0 failed; 0 ignored`},
		{"nodejs", []string{"node", "npm"}, []string{"sh", "-c", "npm ci --no-audit --no-fund && npm test"}, `# pass [1-9]\d*\n# fail 0`},
		{"java", []string{"javac", "mvn"}, []string{"mvn", "-B", "-ntp", "test"}, `Tests run: [1-9]\d*, Failures: 0, Errors: 0, Skipped: 0`},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			for _, program := range row.needs {
				if _, err := exec.LookPath(program); err != nil {
					t.Fatalf("the SDK for %s WAS NOT TESTED: %v; .ci/packages says which package has it", row.name, err)
				}
			}
			dir := copySDK(t, row.name)
			if row.test[0] == "mvn" {
				maven.Lock()
				defer maven.Unlock()
			}
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			defer cancel()
			cmd := exec.CommandContext(ctx, row.test[0], row.test[1:]...)
			cmd.Dir = dir
			cmd.WaitDelay = time.Second
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v: %v\n%s", row.test, err, out)
			}
			if !regexp.MustCompile(row.ran).Match(out) {
				t.Fatalf("%v: no test ran:\n%s", row.test, out)
			}
		})
	}
}
