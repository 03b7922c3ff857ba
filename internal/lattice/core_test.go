package lattice

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The core is a pure function of (state, input, now). These are the rules that the list of imports cannot express.

// coreUse names, for packages the core may use in part, what it may use; a final * stands for any ending.
var coreUse = map[string][]string{
	"fmt":     {"Append*", "Errorf", "Formatter", "State", "Stringer", "Sprint*"},
	"syscall": {"E*"}, // the error numbers
	"time":    {"Duration", "Nanosecond", "Microsecond", "Millisecond", "Second", "Minute", "Hour"},
}

// TestCoreIsPure checks that no package of the core starts goroutines, uses channels or reads the clock.
func TestCoreIsPure(t *testing.T) {
	places := parseLattice(t, text)
	for _, p := range mustPackages(t) {
		if places[p.rel()].class != "core" {
			continue
		}
		for _, name := range p.GoFiles {
			for _, problem := range impurities(t, filepath.Join(p.Dir, name), nil) {
				t.Error(problem)
			}
		}
	}
}

// impurities returns what in the file breaks the rules. src is as for parser.ParseFile.
func impurities(t *testing.T, name string, src any) []string {
	t.Helper()
	fset, file := parse(t, name, src)
	imports := importNames(file)
	var found []string
	report := func(n ast.Node, what string) {
		pos := fset.Position(n.Pos())
		found = append(found, filepath.Base(filepath.Dir(name))+"/"+filepath.Base(name)+":"+strconv.Itoa(pos.Line)+": "+what)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			report(n, "go statement")
		case *ast.ChanType:
			report(n, "channel")
		case *ast.SelectStmt:
			report(n, "select statement")
		case *ast.SelectorExpr:
			if pkg := packageOf(imports, n); pkg != "" && !mayUse(pkg, n.Sel.Name) {
				report(n, pkg+"."+n.Sel.Name)
			}
		}
		return true
	})
	return found
}

func parse(t *testing.T, name string, src any) (*token.FileSet, *ast.File) {
	t.Helper()
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, src, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	return fset, file
}

// importNames maps the names a file gives to its imports to their paths.
func importNames(file *ast.File) map[string]string {
	names := make(map[string]string)
	for _, spec := range file.Imports {
		p, _ := strconv.Unquote(spec.Path.Value)
		name := p[strings.LastIndexByte(p, '/')+1:]
		if spec.Name != nil {
			name = spec.Name.Name
		}
		names[name] = p
	}
	return names
}

// packageOf returns the path of the package that sel selects from, or "" if it selects from something else.
func packageOf(imports map[string]string, sel *ast.SelectorExpr) string {
	if x, ok := sel.X.(*ast.Ident); ok {
		return imports[x.Name]
	}
	return ""
}

func mayUse(pkg, name string) bool {
	allowed, limited := coreUse[pkg]
	return !limited || slices.ContainsFunc(allowed, func(pattern string) bool {
		prefix, open := strings.CutSuffix(pattern, "*")
		return name == pattern || open && strings.HasPrefix(name, prefix)
	})
}

// TestNoSkipNoSleep checks that every test runs, and that none waits by guessing how long something takes.
func TestNoSkipNoSleep(t *testing.T) {
	for _, p := range mustPackages(t) {
		names, err := filepath.Glob(filepath.Join(p.Dir, "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			for _, problem := range skipsAndSleeps(t, name, nil) {
				t.Error(problem)
			}
		}
	}
}

func skipsAndSleeps(t *testing.T, name string, src any) []string {
	t.Helper()
	fset, file := parse(t, name, src)
	imports := importNames(file)
	var found []string
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		sel, ok := call.Fun.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		pkg := packageOf(imports, sel)
		switch what := sel.Sel.Name; {
		case pkg == "time" && what == "Sleep",
			pkg == "" && slices.Contains([]string{"Skip", "Skipf", "SkipNow"}, what):
			found = append(found, fset.Position(n.Pos()).String()+": "+what)
		}
		return true
	})
	return found
}

// TestPurityRules checks the checker.
func TestPurityRules(t *testing.T) {
	const src = `package p

import (
	"fmt"
	clock "time"
)

var d = 3 * clock.Second
var s = fmt.Sprintf("%d", d)

func f(c chan int) {
	go f(c)
	fmt.Println(clock.Now())
	select {}
}
`
	got := strings.Join(impurities(t, "p/p.go", src), "\n")
	want := "p/p.go:11: channel\np/p.go:12: go statement\np/p.go:13: fmt.Println\np/p.go:13: time.Now\np/p.go:14: select statement"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}

	const testSrc = `package p

import "time"

func TestF(t *testing.T) {
	t.Skipf("no")
	time.Sleep(1)
	bench.Skip()
}
`
	if got := skipsAndSleeps(t, "p_test.go", testSrc); len(got) != 3 {
		t.Errorf("got %q, want three findings", got)
	}
}
