package grade

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/antedon-net/antedon/lab/variant"
)

// TestReferences: a right TCP gets all marks, however small it is.
func TestReferences(t *testing.T) {
	for _, tt := range []struct {
		name string
		cfg  func(t *testing.T) Config
	}{
		{"go by hand", func(t *testing.T) Config { return built(t, "../../sdk/go/byhand") }},
		{"go", func(t *testing.T) Config { return built(t, "../../sdk/go/reference") }},
		{"python", func(t *testing.T) Config { return pythonVariant(t, "reference") }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cfg := tt.cfg(t)
			cfg.MarksOnly = true
			if r := run(t, cfg); r.Score != variant.All || r.Max != variant.All {
				t.Errorf("got %d of %d, want %d", r.Score, r.Max, variant.All)
			}
		})
	}
}

// TestFindings: the Go reference has all there are, also on a busy machine, and all are in the reports.
func TestFindings(t *testing.T) {
	cfg := built(t, "../../sdk/go/reference")
	cfg.Out = t.TempDir()
	r := run(t, cfg)
	for i := range findings {
		if !slices.Contains(r.Bonus, findings[i].name) {
			t.Errorf("got %v, want %s", r.Bonus, findings[i].name)
		}
	}
	if err := r.WriteHTML(cfg.Out); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(cfg.Out, "report.html"))
	for _, want := range []string{"<svg", "Three-way handshake", "&lt;CTL=SYN&gt;", "handshake.pcapng", "lost</text>"} {
		if err != nil || !strings.Contains(string(page), want) {
			t.Errorf("%q is not in the page, %v", want, err)
		}
	}
	for _, m := range slices.Concat(r.Marks, r.Findings) {
		if fi, err := os.Stat(filepath.Join(cfg.Out, m.Pcap)); err != nil || fi.Size() < 200 {
			t.Errorf("%s: no capture: %v", m.Name, err)
		}
	}
	var b strings.Builder
	var back Report
	if err := r.WriteJSON(&b); err != nil || json.Unmarshal([]byte(b.String()), &back) != nil || back.Score != r.Score {
		t.Errorf("got %v and %s", err, b.String())
	}
}

// TestVariants: a handful of mistakes cost what they have to.
func TestVariants(t *testing.T) {
	for _, name := range []string{"no-fin-after-peers", "one-connection", "wrong-checksum", "crashes-at-start"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v, err := variant.Find(name)
			if err != nil {
				t.Fatal(err)
			}
			cfg := pythonVariant(t, name)
			cfg.MarksOnly = true
			r := run(t, cfg)
			for _, m := range r.Marks {
				if want := m.Max - v.Loses[m.Name]; m.Points != want {
					t.Errorf("%s: got %d, want %d", m.Name, m.Points, want)
				}
			}
		})
	}
}

// TestClass: submissions do not disturb each other, and what cannot even start gets no marks.
func TestClass(t *testing.T) {
	dir, out := t.TempDir(), t.TempDir()
	for name, script := range map[string]string{"ada": "exit 1", "=bob": "while :; do :; done & exit 0", "eve": "echo '\x1b[31m<script>'; exit 2"} {
		sub := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(sub, 0o755), os.WriteFile(filepath.Join(sub, "main.sh"), []byte(script), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	class := Class{Config: Config{Argv: []string{"sh", "main.sh"}, Out: out}, Dir: dir, Jobs: 2}
	n := 0
	reports, err := class.Run(t.Context(), func(*Report) error { n++; return nil })
	if err != nil || len(reports) != 3 || n != 3 {
		t.Fatalf("got %d reports, %v, want 3", len(reports), err)
	}
	if err := WriteClass(out, reports); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(filepath.Join(out, "marks.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil || len(rows) != 4 || rows[1][0] != "'=bob" || rows[2][0] != "ada" || rows[2][1] != "0" {
		t.Errorf("got %v, %v", rows, err)
	}
	page, err := os.ReadFile(filepath.Join(out, "eve", "report.html"))
	if err != nil || strings.Contains(string(page), "<script>") {
		t.Errorf("what a program prints is in the page as it is, %v", err)
	}
	var b strings.Builder
	if err := reports[2].WriteText(&b, false); err != nil || strings.Contains(b.String(), "\x1b") {
		t.Errorf("what a program prints commands the terminal: %q, %v", b.String(), err)
	}
}

func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if r, err := Run(ctx, Config{Argv: []string{"sleep", "100"}}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, %v", r, err)
	}
}
