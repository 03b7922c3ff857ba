package drill

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestGo: Go's TCP passes every script, the least that carries connections those of the base.
func TestGo(t *testing.T) {
	for _, tt := range []struct{ pkg, scripts string }{
		{"../../sdk/go/reference", "all"},
		{"../../sdk/go/byhand", "base"},
	} {
		t.Run(filepath.Base(tt.pkg), func(t *testing.T) {
			t.Parallel()
			results, err := Run(t.Context(), built(t, tt.pkg), mustFind(t, tt.scripts))
			if err != nil {
				t.Fatal(err)
			}
			for i := range results {
				if r := &results[i]; !r.OK {
					t.Error(written(t, r))
				}
			}
			checkCapture(t, results)
		})
	}
}

// checkCapture checks that all segments can be written to a file, and results as JSON.
func checkCapture(t *testing.T, results []Result) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "drill.pcapng")
	if err := WriteCapture(name, results); err != nil {
		t.Fatal(err)
	}
	if fi, err := os.Stat(name); err != nil || fi.Size() < int64(200*len(results)) {
		t.Errorf("the capture: %v, %v", fi, err)
	}
	b, err := json.Marshal(results[0])
	var back Result
	if err != nil || json.Unmarshal(b, &back) != nil || back.Name != results[0].Name || len(back.Conversation) == 0 {
		t.Errorf("got %s, %v", b, err)
	}
}

// TestNoProgram: what is no SDK is said so, with what it printed.
func TestNoProgram(t *testing.T) {
	cfg := Config{Argv: []string{"sh", "-c", "echo no TCP; exit 7"}, Dir: "/"}
	_, err := Run(t.Context(), cfg, mustFind(t, "base"))
	var no *NoHello
	if !errors.As(err, &no) || !strings.Contains(err.Error(), "ended before its hello: exit status 7") || no.Output != "no TCP\n" {
		t.Errorf("got %v", err)
	}
}
