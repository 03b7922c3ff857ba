package conformance

import (
	"bufio"
	"bytes"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Level is the strength of a requirement, as RFC 2119 spells it.
type Level string

// The levels a list may use.
const (
	Must      Level = "MUST"
	MustNot   Level = "MUST NOT"
	Should    Level = "SHOULD"
	ShouldNot Level = "SHOULD NOT"
	May       Level = "MAY"
)

// forbids reports whether the requirement is to leave something out, which a test can show but no code implements.
func (l Level) forbids() bool { return l == MustNot || l == ShouldNot }

func (l Level) valid() bool {
	return slices.Contains([]Level{Must, MustNot, Should, ShouldNot, May}, l)
}

// Key names a requirement: the RFC, such as "RFC9293", and the id in its list, such as "MUST-10" or "3.2-1".
type Key struct{ RFC, ID string }

func (k Key) String() string { return k.RFC + " " + k.ID }

// Requirement is one line of a list.
type Requirement struct {
	Key
	Level Level
	Text  string // the RFC's sentence, shortened where it refers to what stands around it
}

// List is what one RFC requires.
type List struct {
	RFC          string // "RFC9293"
	Title        string // "Transmission Control Protocol (TCP)"
	Note         string // how ids are formed and what was left out
	Requirements []Requirement
}

// ParseList reads a list: lines of id, level and sentence, separated by tabs. Lines that begin with # come first; they
// hold "# RFC 9293: its title" and a note.
func ParseList(rfc string, b []byte) (List, error) {
	l := List{RFC: rfc}
	seen := make(map[string]bool)
	lines := bufio.NewScanner(bytes.NewReader(b))
	for n := 1; lines.Scan(); n++ {
		line := lines.Text()
		if comment, ok := strings.CutPrefix(line, "# "); ok {
			l.addComment(comment)
			continue
		}
		f := strings.Split(line, "\t")
		if len(f) != 3 || f[0] == "" || f[2] == "" {
			return l, fmt.Errorf("%s.txt:%d: want id, level and sentence, separated by tabs", rfc, n)
		}
		r := Requirement{Key: Key{rfc, f[0]}, Level: Level(f[1]), Text: f[2]}
		if !r.Level.valid() {
			return l, fmt.Errorf("%s.txt:%d: unknown level %q", rfc, n, f[1])
		}
		if seen[r.ID] {
			return l, fmt.Errorf("%s.txt:%d: %s is listed twice", rfc, n, r.ID)
		}
		seen[r.ID] = true
		l.Requirements = append(l.Requirements, r)
	}
	if l.Title == "" {
		return l, fmt.Errorf("%s.txt: no title", rfc)
	}
	return l, lines.Err()
}

func (l *List) addComment(s string) {
	if l.Title == "" {
		_, l.Title, _ = strings.Cut(s, ": ")
		return
	}
	l.Note = strings.TrimSpace(l.Note + " " + s)
}

// ReadLists reads every list in fsys, ordered by the number of the RFC.
func ReadLists(fsys fs.FS) ([]List, error) {
	names, err := fs.Glob(fsys, "RFC*.txt")
	if err != nil {
		return nil, err
	}
	var lists []List
	for _, name := range names {
		b, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, err
		}
		l, err := ParseList(strings.TrimSuffix(path.Base(name), ".txt"), b)
		if err != nil {
			return nil, err
		}
		lists = append(lists, l)
	}
	slices.SortFunc(lists, func(a, b List) int { return a.number() - b.number() })
	return lists, nil
}

func (l *List) number() int {
	n, _ := strconv.Atoi(strings.TrimPrefix(l.RFC, "RFC"))
	return n
}
