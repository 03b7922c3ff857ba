package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestReport: a report goes to the terminal, into a document and into a picture.
func TestReport(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	write := func(name, text string) string {
		name = filepath.Join(p.stateDir, name)
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		return name
	}
	read := func(name string) string {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	lines := write("lines", `{"bench":"crr","stack":"antedon","streams":1,"ratio":1.5,"conn_s":9000}`+"\n")
	const rest = "<!-- end generated -->\nmore\n"
	document := write("document", "<!-- begin generated: make bench -->\nold\n"+rest)
	picture := filepath.Join(p.stateDir, "picture")

	out := p.ok("bench", "report", lines, "--into", document, "--svg", picture)
	if !strings.Contains(out, "connect and close, 1 at a time  per second  9000") {
		t.Errorf("got\n%s", out)
	}
	if got := read(document); !strings.Contains(got, "| per second | 9000 | ") || strings.Contains(got, "old") || !strings.HasSuffix(got, rest) {
		t.Errorf("the document is\n%s", got)
	}
	if got := read(picture); !strings.Contains(got, "x1.50") {
		t.Errorf("the picture is\n%s", got)
	}
	if got := p.ok("bench", "report", lines, "--markdown"); !strings.Contains(read(document), got) {
		t.Errorf("got\n%s\nwhich is not what the document has", got)
	}

	p.fails(exitFailure, "antedon: bench report: "+lines+`: there is no "<!-- begin`, "bench", "report", lines, "--into", lines)
	p.fails(exitFailure, "antedon: bench report: "+document+": line 1 is not one of", "bench", "report", document)
	p.fails(exitFailure, "antedon: bench report: there is no summary", "bench", "report", write("empty", ""))
	p.fails(exitFailure, "antedon: bench report: open /nowhere", "bench", "report", "/nowhere")
}
