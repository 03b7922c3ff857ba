package lattice

import (
	"context"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

var readmes = []string{"README.md", "README.zh-CN.md"}

var (
	fence   = regexp.MustCompile("(?ms)^```(\\w*)[^\n]*\n(.*?)^```$")
	heading = regexp.MustCompile(`(?m)^#+ `)
)

// TestReadmePrograms checks that the programs in the READMEs compile in a fresh module, and that those which stay in
// memory (on link/pipe) run as written: to the end, without error, as whoever runs the tests.
func TestReadmePrograms(t *testing.T) {
	files := make(map[string]string)
	for i, program := range programs(t) {
		if !strings.HasPrefix(program, "package main\n") {
			t.Fatalf("a README has a Go snippet that is no program:\n%s", program)
		}
		files[filepath.Join("p"+strconv.Itoa(i), "main.go")] = program
	}
	dir := newModule(t, files)
	goIn(t, dir, "vet", "./...")
	ran := 0
	for name, program := range files {
		if !strings.Contains(program, `"`+module+`/link/pipe"`) || strings.Contains(program, `"`+module+`/link/tun"`) {
			continue
		}
		ran++
		bin := filepath.Join(dir, filepath.Dir(name), "program")
		goIn(t, dir, "build", "-o", bin, "./"+filepath.Dir(name))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if out, err := exec.CommandContext(ctx, bin).CombinedOutput(); err != nil || len(out) == 0 {
			t.Errorf("%s: %v, printed %q", name, err, out)
		}
	}
	if ran == 0 {
		t.Error("no program in the READMEs runs on link/pipe")
	}
}

// programs returns the different Go snippets of the READMEs.
func programs(t *testing.T) []string {
	t.Helper()
	var list []string
	for _, name := range readmes {
		for _, b := range blocks(readFile(t, name)) {
			if b.language == "go" && !slices.Contains(list, b.text) {
				list = append(list, b.text)
			}
		}
	}
	if len(list) == 0 {
		t.Fatal("the READMEs have no Go program")
	}
	return list
}

type block struct{ language, text string }

func blocks(doc string) []block {
	var list []block
	for _, m := range fence.FindAllStringSubmatch(doc, -1) {
		list = append(list, block{m[1], m[2]})
	}
	return list
}

// TestReadmesAgree checks that the translation has the same headings and the same code.
func TestReadmesAgree(t *testing.T) {
	en, zh := readFile(t, readmes[0]), readFile(t, readmes[1])
	outline := func(doc string) []string { return heading.FindAllString(fence.ReplaceAllString(doc, ""), -1) }
	if got, want := outline(zh), outline(en); !slices.Equal(got, want) {
		t.Errorf("%s has headings %q, want %q", readmes[1], got, want)
	}
	if got, want := blocks(zh), blocks(en); !slices.Equal(got, want) {
		t.Errorf("%s has other code blocks:\n%q\nwant\n%q", readmes[1], got, want)
	}
}
