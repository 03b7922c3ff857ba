package lattice

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestPackageDocs checks that every package says what it is, in a sentence that begins as godoc wants it.
func TestPackageDocs(t *testing.T) {
	for _, p := range mustPackages(t) {
		want := "Package " + p.Name + " "
		if p.Name == "main" {
			want = "Command " + filepath.Base(p.Dir) + " "
		}
		if !strings.HasPrefix(p.Doc, want) || !strings.HasSuffix(p.Doc, ".") {
			t.Errorf("%s: its doc begins %q; want a sentence that begins %q and ends with a period", p.rel(), p.Doc, want)
		}
	}
}

// TestArchitectureNamesPackages checks that the map of the house has every room.
func TestArchitectureNamesPackages(t *testing.T) {
	doc := readFile(t, "ARCHITECTURE.md")
	for _, p := range mustPackages(t) {
		if name := p.rel(); name != "." && !strings.Contains(doc, "`"+name+"`") {
			t.Errorf("ARCHITECTURE.md does not name `%s`", name)
		}
	}
}

var (
	mdLink  = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	mdFence = regexp.MustCompile("(?ms)^```.*?^```$")
)

// TestLinks checks that what the documents link to inside the repository exists.
func TestLinks(t *testing.T) {
	for _, doc := range documents(t) {
		text := mdFence.ReplaceAllString(readFile(t, doc), "")
		for _, m := range mdLink.FindAllStringSubmatch(text, -1) {
			target, _, _ := strings.Cut(m[1], "#")
			if target == "" || strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
				continue
			}
			if _, err := os.Stat(filepath.Join(root, filepath.Dir(doc), target)); err != nil {
				t.Errorf("%s: dead link to %s", doc, m[1])
			}
		}
	}
}

// documents returns the names of the repository's Markdown files.
func documents(t *testing.T) []string {
	t.Helper()
	var names []string
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/*/*.md", "tools/*.md", "sdk/*.md", "sdk/*/*.md"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range found {
			rel, err := filepath.Rel(root, name)
			if err != nil {
				t.Fatal(err)
			}
			names = append(names, rel)
		}
	}
	return names
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
