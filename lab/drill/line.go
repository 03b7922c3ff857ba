package drill

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// A SyntaxError says where a script cannot be understood.
type SyntaxError struct {
	File      string
	Line, Col int // from 1; Col counts characters
	Msg       string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Col, e.Msg)
}

// A line is one statement: a line of the file that is not indented, with the indented ones below it, joined by spaces.
type line struct {
	text  string
	parts []part
}

// A part is what one line of the file gave.
type part struct {
	at        int // in the statement's text
	line, col int // of its first byte
	source    string
}

// place returns where in the file the byte at i of the text is.
func (l *line) place(i int) (lineNumber, col int) {
	p := l.parts[0]
	for _, q := range l.parts[1:] {
		if q.at <= i {
			p = q
		}
	}
	return p.line, p.col + utf8.RuneCountInString(l.text[p.at:min(i, len(l.text))])
}

// number is the line's number in the file.
func (l *line) number() int { return l.parts[0].line }

// splitLines cuts a file into statements. Lines that are empty or begin with # are left out.
func splitLines(text string) []line {
	var lines []line
	for i, source := range strings.Split(text, "\n") {
		source = strings.TrimRight(source, " \t\r")
		content := strings.TrimLeft(source, " \t")
		if content == "" || content[0] == '#' {
			continue
		}
		indent := len(source) - len(content)
		p := part{line: i + 1, col: indent + 1, source: source}
		if indent == 0 || len(lines) == 0 {
			lines = append(lines, line{text: content, parts: []part{p}})
			continue
		}
		l := &lines[len(lines)-1]
		l.text += " "
		p.at = len(l.text)
		l.text += content
		l.parts = append(l.parts, p)
	}
	return lines
}

// A cursor reads a statement.
type cursor struct {
	file string
	*line
	i int
}

// errorAt makes an error about the byte at i.
func (c *cursor) errorAt(i int, format string, args ...any) error {
	n, col := c.place(i)
	return &SyntaxError{c.file, n, col, fmt.Sprintf(format, args...)}
}

// skip passes over spaces.
func (c *cursor) skip() {
	for c.i < len(c.text) && (c.text[c.i] == ' ' || c.text[c.i] == '\t') {
		c.i++
	}
}

func (c *cursor) isAtEnd() bool {
	c.skip()
	return c.i == len(c.text)
}

// word reads up to the next space. It returns "" at the end.
func (c *cursor) word() (word string, at int) {
	c.skip()
	at = c.i
	for c.i < len(c.text) && c.text[c.i] != ' ' && c.text[c.i] != '\t' {
		c.i++
	}
	return c.text[at:c.i], at
}

// accept reads these words, if they come next.
func (c *cursor) accept(words ...string) bool {
	before := c.i
	for _, want := range words {
		if got, _ := c.word(); got != want {
			c.i = before
			return false
		}
	}
	return true
}

// rest reads everything that is left.
func (c *cursor) rest() string {
	c.skip()
	text := strings.Join(strings.Fields(c.text[c.i:]), " ")
	c.i = len(c.text)
	return text
}

// isNext reports whether b is what comes next.
func (c *cursor) isNext(b byte) bool {
	c.skip()
	return c.i < len(c.text) && c.text[c.i] == b
}
