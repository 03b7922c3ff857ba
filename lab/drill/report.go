package drill

import (
	"fmt"
	"io"
	"strings"
)

// Colours of a terminal.
const (
	green = "\x1b[32m"
	red   = "\x1b[31m"
	plain = "\x1b[0m"
)

// WriteText writes what became of a script for people: a line if it passed, and if not all that explains why.
func (r *Result) WriteText(w io.Writer, colours bool) error { return r.write(w, colours, true) }

// WriteLine writes no more than what was expected and seen if it failed.
func (r *Result) WriteLine(w io.Writer, colours bool) error { return r.write(w, colours, false) }

func (r *Result) write(w io.Writer, colours, all bool) error {
	word, colour, end := "ok  ", "", ""
	switch {
	case !r.OK:
		word = "FAIL"
	case r.Skipped:
		word = "skip"
	}
	if colours && !r.Skipped {
		if colour, end = green, plain; !r.OK {
			colour = red
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s%s%s  %s: %s\n", colour, word, end, r.Name, r.Title)
	switch {
	case !r.OK && all:
		r.explain(&b)
	case !r.OK:
		fmt.Fprintf(&b, "      line %d: expected %s; seen: %s\n", r.Failure.Line, Printable(r.Failure.Expected), Printable(r.Failure.Seen))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// explain writes why a script failed.
func (r *Result) explain(b *strings.Builder) {
	f := r.Failure
	b.WriteString("\n")
	r.script.excerpt(b, f.Line)
	fmt.Fprintf(b, "\n  expected:  %s\n", Printable(f.Expected))
	fmt.Fprintf(b, "  seen:      %s\n", Printable(f.Seen))
	for _, d := range f.Differences {
		fmt.Fprintf(b, "             %s\n", Printable(d))
	}
	if f.Explain != "" {
		fmt.Fprintf(b, "  why:       %s\n", wrap(f.Explain, "             "))
	}
	if f.Rule != nil {
		fmt.Fprintf(b, "  %s: %s\n", f.Rule, wrap(`"`+f.Rule.Quote+`"`, "             "))
	}
	b.WriteString("\n")
	drawFigure(b, r.Conversation, "  ")
	quote(b, "besides", strings.Join(r.Strays, "\n"))
	quote(b, "program", r.Output)
	b.WriteString("\n")
}

// around is how many lines of a script are shown above and below the one that failed.
const around = 3

// excerpt shows a place in the script.
func (s *Script) excerpt(b *strings.Builder, number int) {
	lines := strings.Split(strings.TrimRight(s.Text, "\n"), "\n")
	for i := max(1, number-around); i <= min(len(lines), number+around); i++ {
		mark := " "
		if i == number {
			mark = ">"
		}
		b.WriteString(strings.TrimRight(fmt.Sprintf("  %s%4d | %s", mark, i, lines[i-1]), " ") + "\n")
	}
}

// width is that of explanations.
const width = 100

// wrap breaks a text into lines, the first of which begins behind a word or two.
func wrap(text, indent string) string {
	var b strings.Builder
	at := len(indent)
	for i, word := range strings.Fields(Printable(text)) {
		if at+len(word) >= width && i > 0 {
			b.WriteString("\n" + indent)
			at = len(indent)
		} else if i > 0 {
			b.WriteString(" ")
		}
		b.WriteString(word)
		at += len(word) + 1
	}
	return b.String()
}

// quotedLines is how many lines are shown of what somebody said.
const quotedLines = 8

func quote(b *strings.Builder, who, text string) {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	for _, l := range lines[max(0, len(lines)-quotedLines):] {
		if l != "" {
			fmt.Fprintf(b, "  %s: %s\n", who, Printable(l))
		}
	}
}

// Printable keeps what a stranger's program prints from commanding the terminal.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return '?'
		}
		return r
	}, s)
}

// Count returns how many scripts were passed, and how many were skipped because the program cannot be called.
func Count(results []Result) (passed, skipped int) {
	for i := range results {
		switch r := &results[i]; {
		case r.Skipped:
			skipped++
		case r.OK:
			passed++
		}
	}
	return passed, skipped
}
