package conformance

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

const root = "../.."

// TestReportUpToDate fails if docs/conformance.md is not what the tags and lists of this tree give.
func TestReportUpToDate(t *testing.T) {
	report, err := Read(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range report.Problems {
		t.Error(p)
	}
	got, err := os.ReadFile(root + "/docs/conformance.md")
	if err != nil {
		t.Fatal(err)
	}
	want := report.AppendMarkdown(nil)
	if !bytes.Equal(got, want) {
		t.Errorf("docs/conformance.md is out of date: run go generate ./...\n%s", firstDifference(got, want))
	}
}

func firstDifference(got, want []byte) string {
	g, w := strings.Split(string(got), "\n"), strings.Split(string(want), "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return "got  " + g[i] + "\nwant " + w[i]
		}
	}
	return "one is a prefix of the other"
}

// TestNumberedRequirements checks the list of RFC 9293 against the ids of its Appendix B.
func TestNumberedRequirements(t *testing.T) {
	lists, err := ReadLists(os.DirFS(root + "/docs/requirements"))
	if err != nil {
		t.Fatal(err)
	}
	have := make(map[Key]Level)
	for _, l := range lists {
		for _, r := range l.Requirements {
			have[r.Key] = r.Level
		}
	}
	for _, series := range []struct {
		prefix string
		last   int
		level  Level
	}{{"MUST-", 69, Must}, {"SHLD-", 31, Should}, {"MAY-", 18, May}, {"REC-", 1, Should}} {
		for n := 1; n <= series.last; n++ {
			k := Key{"RFC9293", series.prefix + strconv.Itoa(n)}
			if level := have[k]; !strings.HasPrefix(string(level), string(series.level)) {
				t.Errorf("%s has level %q, want %s", k, level, series.level)
			}
		}
	}
}

func TestJoin(t *testing.T) {
	const list = "# RFC 1: A title\n# A note.\nM-1\tMUST\tone\nM-2\tMUST NOT\ttwo\nO-1\tMAY\tthree\n"
	tests := []struct {
		name    string
		files   map[string]string // beside the list
		reasons string
		want    map[string]Status
		problem string // part of the only problem
	}{
		{
			name:    "nothing answered",
			reasons: "RFC1\tM-2\tlater\twait\n",
			want:    map[string]Status{"M-1": Unanswered, "M-2": Later, "O-1": Optional},
			problem: "RFC1 M-1: neither tags nor a reason",
		},
		{
			name: "implemented and proved",
			files: map[string]string{
				"a.go":      "package a\n\n// F does.\n//\n// req: RFC1 M-1, O-1\nfunc F() {}\n",
				"a_test.go": "package a\n\nfunc TestF() {\n\t// req: RFC1 M-1, M-2\n\t// req: RFC1 O-1\n}\n",
			},
			want: map[string]Status{"M-1": Implemented, "M-2": Implemented, "O-1": Implemented},
		},
		{
			name:    "no test",
			files:   map[string]string{"a.go": "package a\n\nfunc (t *T) F() {\n\t// req: RFC1 M-1\n}\n"},
			reasons: "RFC1\tM-2\tlater\twait\n",
			want:    map[string]Status{"M-1": Implemented},
			problem: "RFC1 M-1: tagged in a.go, but no test has the tag",
		},
		{
			name:    "no code",
			files:   map[string]string{"a_test.go": "package a\n\n// req: RFC1 M-1\nfunc TestF() {}\n"},
			reasons: "RFC1\tM-2\tlater\twait\n",
			problem: "RFC1 M-1: tagged in the test TestF, but no code has the tag",
		},
		{
			name:    "unknown tag",
			files:   map[string]string{"a.go": "// Package a.\n//\n// req: RFC1 M-9\npackage a\n"},
			reasons: "RFC1\tM-1, M-2\tlater\twait\n",
			problem: "a.go:3: tag names RFC1 M-9",
		},
		{
			name:    "unknown reason",
			reasons: "RFC1\tM-1, M-2, M-3\tlater\twait\n",
			problem: "reasons.txt:1: RFC1 M-3 is in no list",
		},
		{
			name:    "reason outlived",
			files:   map[string]string{"a_test.go": "package a\n\n// req: RFC1 M-2\nfunc TestF() {}\n"},
			reasons: "# why\n\nRFC1\tM-1, M-2\tlater\twait\n",
			problem: "RFC1 M-2: tagged, though reasons.txt:3 says \"later\"",
		},
		{
			name:    "deviation, tagged",
			files:   map[string]string{"a.go": "package a\n\nvar (\n\tx int\n\ty int // req: RFC1 M-1\n)\n"},
			reasons: "RFC1\tM-1\tdeviates\tas Linux\nRFC1\tM-2\tnot applicable\tno gateway\n",
			want:    map[string]Status{"M-1": Deviates, "M-2": NotApplicable},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fsys := fstest.MapFS{
				"docs/requirements/RFC1.txt":    {Data: []byte(list)},
				"docs/requirements/reasons.txt": {Data: []byte(tt.reasons)},
			}
			for name, src := range tt.files {
				fsys[name] = &fstest.MapFile{Data: []byte(src)}
			}
			report, err := Read(fsys)
			if err != nil {
				t.Fatal(err)
			}
			checkProblems(t, report.Problems, tt.problem)
			for _, row := range report.Rows["RFC1"] {
				if want, ok := tt.want[row.ID]; ok && row.Status != want {
					t.Errorf("%s is %q, want %q", row.ID, row.Status, want)
				}
			}
		})
	}
}

func checkProblems(t *testing.T, got []string, want string) {
	t.Helper()
	switch {
	case want == "" && len(got) == 0:
	case want != "" && len(got) == 1 && strings.Contains(got[0], want):
	default:
		t.Errorf("problems: got %q, want one with %q", got, want)
	}
}

func TestPlaces(t *testing.T) {
	const src = `// Package a.
//
// req: RFC1 P-1
package a

// req: RFC1 F-1
func F() {
	// req: RFC1 F-2
}

// req: RFC1 M-1
func (t *T[E]) M() {}

const (
	A = 1
	// req: RFC1 B-1
	B = 2 // req: RFC1 B-2, RFC2 B-3
)
`
	want := map[Key]string{
		{"RFC1", "P-1"}: "package",
		{"RFC1", "F-1"}: "F", {"RFC1", "F-2"}: "F",
		{"RFC1", "M-1"}: "T.M",
		{"RFC1", "B-1"}: "B", {"RFC1", "B-2"}: "B", {"RFC2", "B-3"}: "B",
	}
	tags, err := ParseTags("a.go", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	if len(tags) != len(want) {
		t.Errorf("got %d tags, want %d", len(tags), len(want))
	}
	for _, tag := range tags {
		if tag.Decl != want[tag.Key] {
			t.Errorf("%s is in %q, want %q", tag.Key, tag.Decl, want[tag.Key])
		}
	}
}

func TestParseErrors(t *testing.T) {
	for name, list := range map[string]string{
		"no tabs":       "# RFC 1: T\nM-1 MUST one\n",
		"unknown level": "# RFC 1: T\nM-1\tMIGHT\tone\n",
		"twice":         "# RFC 1: T\nM-1\tMUST\tone\nM-1\tMUST\tone\n",
		"no title":      "M-1\tMUST\tone\n",
	} {
		if _, err := ParseList("RFC1", []byte(list)); err == nil {
			t.Errorf("list, %s: no error", name)
		}
	}
	for name, reasons := range map[string]string{
		"no tabs":        "RFC1 M-1 later wait\n",
		"unknown status": "RFC1\tM-1\tsoon\twait\n",
		"twice":          "RFC1\tM-1\tlater\twait\nRFC1\tM-1\tlater\twait\n",
	} {
		if _, err := ParseReasons([]byte(reasons)); err == nil {
			t.Errorf("reasons, %s: no error", name)
		}
	}
	for _, tag := range []string{"MUST-10", "RFC1 M-1 M-2", "RFC1 M-1,"} {
		if _, err := ParseTags("a.go", []byte("package a\n\n// req: "+tag+"\n")); err == nil {
			t.Errorf("tag %q: no error", tag)
		}
	}
}

func TestMarkdown(t *testing.T) {
	r := Join([]List{{RFC: "RFC1", Title: "A (title)", Note: "Note.", Requirements: []Requirement{
		{Key{"RFC1", "1-1"}, Must, "a < b | c"},
		{Key{"RFC1", "1-2"}, Must, "d"},
	}}}, []Tag{
		{Key: Key{"RFC1", "1-1"}, Place: Place{"p/a.go", "T.M"}},
		{Key: Key{"RFC1", "1-1"}, Place: Place{"p/a_test.go", "TestM"}, Test: true},
	}, map[Key]Reason{{"RFC1", "1-2"}: {Status: Deviates, Text: "as Linux"}})
	got := string(r.AppendMarkdown(nil))
	for _, want := range []string{
		"| [RFC 1](#rfc-1-a-title) | A (title) | 1 | 1 | 0 | 0 | 0 | 0 |\n",
		"\n## RFC 1: A (title)\n\nNote.\n\n",
		"| 1-1 | MUST | a &lt; b \\| c | implemented: [T.M](../p/a.go); tests: [TestM](../p/a_test.go) |\n",
		"| 1-2 | MUST | d | **deviates**: as Linux |\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("lacks %q:\n%s", want, got)
		}
	}
}
