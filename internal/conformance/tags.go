package conformance

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"strings"
)

// Place is where a tag stands. It has no line number, so that the report changes only when tags do.
type Place struct {
	File string // from the repository's root, with slashes
	Decl string // the declaration the tag stands in or above, "Conn.checkACK"; "package" for the package comment
}

// Tag is one id named by a comment line.
type Tag struct {
	Key
	Place
	Test bool // in a test file
	Line int
}

// ReadTags collects the tags of all Go files below the root of fsys, but for testdata and other modules.
func ReadTags(fsys fs.FS) ([]Tag, error) {
	var tags []Tag
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir():
			return skipDir(fsys, name)
		case path.Ext(name) != ".go":
			return nil
		}
		b, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		t, err := ParseTags(name, b)
		tags = append(tags, t...)
		return err
	})
	return tags, err
}

func skipDir(fsys fs.FS, name string) error {
	if name == "." {
		return nil
	}
	base := path.Base(name)
	if base == "testdata" || base == "bin" || base[0] == '.' || base[0] == '_' {
		return fs.SkipDir
	}
	if _, err := fs.Stat(fsys, path.Join(name, "go.mod")); err == nil {
		return fs.SkipDir
	}
	return nil
}

// ParseTags returns the tags of one Go file.
func ParseTags(name string, src []byte) ([]Tag, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var tags []Tag
	for _, group := range file.Comments {
		for _, c := range group.List {
			rest, ok := strings.CutPrefix(c.Text, "// req: ")
			if !ok {
				continue
			}
			line := fset.Position(c.Pos()).Line
			keys, err := parseKeys(rest)
			if err != nil {
				return nil, fmt.Errorf("%s:%d: %w", name, line, err)
			}
			for _, k := range keys {
				tags = append(tags, Tag{
					Key:   k,
					Place: Place{name, declOf(file, c)},
					Test:  strings.HasSuffix(name, "_test.go"),
					Line:  line,
				})
			}
		}
	}
	return tags, nil
}

// parseKeys reads "RFC9293 MUST-10, MUST-11, RFC6298 2-1".
func parseKeys(s string) ([]Key, error) {
	var keys []Key
	rfc := ""
	for item := range strings.SplitSeq(s, ",") {
		f := strings.Fields(item)
		if len(f) == 2 {
			rfc, f = f[0], f[1:]
		}
		if len(f) != 1 || rfc == "" {
			return nil, fmt.Errorf("tag %q: want an RFC and an id, as in RFC9293 MUST-10", strings.TrimSpace(item))
		}
		keys = append(keys, Key{rfc, f[0]})
	}
	return keys, nil
}

// declOf names the declaration that c stands in or, as part of its doc comment, above.
func declOf(file *ast.File, c *ast.Comment) string {
	if c.End() < file.Name.Pos() {
		return "package"
	}
	for _, d := range file.Decls {
		if c.Pos() > d.End() {
			continue
		}
		switch d := d.(type) {
		case *ast.FuncDecl:
			return funcName(d)
		case *ast.GenDecl:
			return specName(d, c)
		}
	}
	return "package"
}

func funcName(d *ast.FuncDecl) string {
	if d.Recv == nil || len(d.Recv.List) == 0 {
		return d.Name.Name
	}
	t := d.Recv.List[0].Type
	for {
		switch x := t.(type) {
		case *ast.StarExpr:
			t = x.X
		case *ast.IndexExpr:
			t = x.X
		case *ast.IndexListExpr:
			t = x.X
		case *ast.Ident:
			return x.Name + "." + d.Name.Name
		default:
			return d.Name.Name
		}
	}
}

// specName names the first type, variable or constant of d that ends after c.
func specName(d *ast.GenDecl, c *ast.Comment) string {
	for _, s := range d.Specs {
		if c.Pos() > s.End() && !sameLine(s, c) {
			continue
		}
		switch s := s.(type) {
		case *ast.TypeSpec:
			return s.Name.Name
		case *ast.ValueSpec:
			return s.Names[0].Name
		}
	}
	return "package"
}

// sameLine reports whether c is the comment that trails s.
func sameLine(s ast.Spec, c *ast.Comment) bool {
	var trailing *ast.CommentGroup
	switch s := s.(type) {
	case *ast.TypeSpec:
		trailing = s.Comment
	case *ast.ValueSpec:
		trailing = s.Comment
	}
	return trailing != nil && trailing.Pos() <= c.Pos() && c.End() <= trailing.End()
}
