package conformance

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// Row is a requirement and its answer.
type Row struct {
	Requirement
	Status Status
	Reason string
	Code   []Place
	Tests  []Place
}

// Report is the joined table, and what is wrong with it.
type Report struct {
	Lists    []List
	Rows     map[string][]Row // by RFC, in the order of its list
	Problems []string
}

// Read builds the report of the repository in fsys.
func Read(fsys fs.FS) (*Report, error) {
	dir, err := fs.Sub(fsys, "docs/requirements")
	if err != nil {
		return nil, err
	}
	lists, err := ReadLists(dir)
	if err != nil {
		return nil, err
	}
	b, err := fs.ReadFile(dir, "reasons.txt")
	if err != nil {
		return nil, err
	}
	reasons, err := ParseReasons(b)
	if err != nil {
		return nil, err
	}
	tags, err := ReadTags(fsys)
	if err != nil {
		return nil, err
	}
	return Join(lists, tags, reasons), nil
}

// Join answers each requirement of lists by its tags or its reason.
func Join(lists []List, tags []Tag, reasons map[Key]Reason) *Report {
	r := &Report{Lists: lists, Rows: make(map[string][]Row)}
	code, tests := make(map[Key][]Place), make(map[Key][]Place)
	for _, t := range tags {
		if t.Test {
			tests[t.Key] = append(tests[t.Key], t.Place)
		} else {
			code[t.Key] = append(code[t.Key], t.Place)
		}
	}
	known := make(map[Key]bool)
	for _, l := range lists {
		for _, q := range l.Requirements {
			known[q.Key] = true
			row := Row{Requirement: q, Code: ordered(code[q.Key]), Tests: ordered(tests[q.Key])}
			r.check(row.answer(reasons))
			r.Rows[l.RFC] = append(r.Rows[l.RFC], row)
		}
	}
	for _, t := range tags {
		if !known[t.Key] {
			r.check(fmt.Sprintf("%s:%d: tag names %s, which no list has", t.File, t.Line, t.Key))
		}
	}
	for k, reason := range reasons {
		if !known[k] {
			r.check(fmt.Sprintf("reasons.txt:%d: %s is in no list", reason.line, k))
		}
	}
	slices.Sort(r.Problems)
	return r
}

func (r *Report) check(problem string) {
	if problem != "" {
		r.Problems = append(r.Problems, problem)
	}
}

// answer fills in the row's status and returns what is wrong with it, if anything.
func (row *Row) answer(reasons map[Key]Reason) string {
	tagged := len(row.Code) > 0 || len(row.Tests) > 0
	reason, excused := reasons[row.Key]
	switch {
	case excused && tagged && reason.Status != Deviates:
		row.Status = reason.Status
		return fmt.Sprintf("%s: tagged, though reasons.txt:%d says %q", row.Key, reason.line, reason.Status)
	case excused:
		row.Status, row.Reason = reason.Status, reason.Text
		return ""
	case !tagged && row.Level == May:
		row.Status = Optional
		return ""
	case !tagged:
		row.Status = Unanswered
		return fmt.Sprintf("%s: neither tags nor a reason", row.Key)
	}
	row.Status = Implemented
	if len(row.Tests) == 0 {
		return fmt.Sprintf("%s: tagged in %s, but no test has the tag", row.Key, row.Code[0].File)
	}
	if len(row.Code) == 0 && !row.Level.forbids() {
		return fmt.Sprintf("%s: tagged in the test %s, but no code has the tag", row.Key, row.Tests[0].Decl)
	}
	return ""
}

func ordered(p []Place) []Place {
	slices.SortFunc(p, func(a, b Place) int {
		if c := strings.Compare(a.File, b.File); c != 0 {
			return c
		}
		return strings.Compare(a.Decl, b.Decl)
	})
	return slices.Compact(p)
}
