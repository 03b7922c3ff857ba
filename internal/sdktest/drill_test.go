package sdktest

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/antedon-net/antedon/lab/drill"
)

// TestDrills plays all packet scripts to each reference but Go's, to which lab/drill does.
func TestDrills(t *testing.T) {
	for _, p := range programs {
		lang, _, _ := strings.Cut(p.name, "/")
		if lang == "go" {
			continue
		}
		t.Run(lang, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			defer cancel()
			home := copySDK(t, lang)
			if len(p.build) > 0 {
				runBuild(ctx, t, home, p.build)
			}
			if err := os.Chmod(filepath.Dir(filepath.Dir(filepath.Dir(home))), 0o755); err != nil { // the program is another user's
				t.Fatal(err)
			}
			results, err := drill.Run(ctx, drill.Config{Argv: p.run, Dir: home}, drill.Shipped())
			if err != nil {
				t.Fatal(err)
			}
			for i := range results {
				if r := &results[i]; !r.OK {
					var b strings.Builder
					_ = r.WriteText(&b, false)
					t.Error(b.String())
				}
			}
		})
	}
}
