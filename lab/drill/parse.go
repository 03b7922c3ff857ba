package drill

import (
	"fmt"
	"strconv"
	"strings"
)

// maxSteps bounds a script.
const maxSteps = 1000

// A parser reads one script.
type parser struct {
	*Script
	rule *Rule
	conn int
	seen map[string]bool // statements that there may be one of

	expects bool // there is a step that expects something
}

// defaultIRS is the drill's initial sequence number if a script does not choose one.
const defaultIRS = 300_000

// Parse reads a script. name is for messages. An error is a *SyntaxError.
func Parse(name, text string) (*Script, error) {
	p := &parser{Script: &Script{Name: name, Level: Base, IRS: defaultIRS, Text: text}, conn: 1, seen: make(map[string]bool)}
	lines := splitLines(text)
	for i := range lines {
		c := &cursor{file: name, line: &lines[i]}
		if err := p.statement(c); err != nil {
			return nil, err
		}
		if !c.isAtEnd() {
			word, at := c.word()
			return nil, c.errorAt(at, "%q is not expected here", word)
		}
		if len(p.Steps) > maxSteps {
			return nil, c.errorAt(0, "more than %d steps", maxSteps)
		}
	}
	if len(p.Steps) == 0 {
		return nil, &SyntaxError{name, 1, 1, "there are no steps"}
	}
	if p.Title == "" {
		p.Title = name
	}
	return p.Script, nil
}

// statement reads one.
func (p *parser) statement(c *cursor) error {
	word, at := c.word()
	switch word {
	case "title", "about", "level", "irs":
		return p.header(c, word, at)
	case "incoming":
		if p.Incoming = true; len(p.Steps) > 0 {
			return c.errorAt(at, "incoming belongs before the first step")
		}
		return nil
	case "rfc":
		return p.readRule(c)
	case "connection":
		n, at := c.word()
		v, err := strconv.Atoi(n)
		if err != nil || v < 1 || v > 9 {
			return c.errorAt(at, "want the number of a connection, 1 to 9")
		}
		p.conn = v
		return nil
	case "establish":
		return p.establish(c)
	}
	c.i = at
	step := Step{Line: c.number(), Rule: p.rule, conn: p.conn}
	var err error
	if step.do, err = p.action(c); err != nil {
		return err
	}
	c.skip()
	step.Text = normal(c.text[:c.i])
	if c.isNext('!') {
		c.i++
		if step.Explain = c.rest(); step.Explain == "" {
			return c.errorAt(c.i, "an explanation is missing behind !")
		}
	}
	if _, isExpect := step.do.(expect); isExpect && !p.expects {
		p.expects, step.stage = true, 1
	}
	p.Steps = append(p.Steps, step)
	return nil
}

// header reads what stands before the steps.
func (p *parser) header(c *cursor, word string, at int) error {
	if p.seen[word] {
		return c.errorAt(at, "%s twice", word)
	}
	if p.seen[word] = true; len(p.Steps) > 0 {
		return c.errorAt(at, "%s belongs before the first step", word)
	}
	if c.isAtEnd() {
		return c.errorAt(c.i, "%s of what?", word)
	}
	at = c.i
	switch value := c.rest(); word {
	case "title":
		p.Title = value
	case "about":
		p.About = value
	case "level":
		p.Level = Level(value)
		if p.Level != Base && p.Level != Full {
			return c.errorAt(at, "level %s: want base or full", value)
		}
	case "irs":
		v, err := strconv.ParseUint(value, 10, 32)
		if err != nil {
			return c.errorAt(at, "irs %s: want a number below 2^32", value)
		}
		p.IRS = uint32(v)
	}
	return nil
}

// readRule reads rfc 9293 3.5 "sentence".
func (p *parser) readRule(c *cursor) error {
	n, at := c.word()
	number, err := strconv.Atoi(n)
	if err != nil || number < 1 {
		return c.errorAt(at, "want the number of an RFC")
	}
	section, at := c.word()
	if section == "" || strings.Trim(section, "0123456789.ABCDEFG") != "" {
		return c.errorAt(at, "want a section, such as 3.10.7.4")
	}
	c.skip()
	at = c.i
	quote := c.rest()
	if len(quote) < 3 || quote[0] != '"' || quote[len(quote)-1] != '"' {
		return c.errorAt(at, "want what the RFC says, in quotes")
	}
	p.rule = &Rule{number, section, quote[1 : len(quote)-1]}
	return nil
}

// establish puts the steps of a handshake in its place.
func (p *parser) establish(c *cursor) error {
	c.skip()
	at := c.i
	more := c.rest()
	options := more
	if !strings.Contains(more, "<MSS=") && !strings.Contains(more, "<NOMSS>") {
		options += "<MSS=1460>"
	}
	options = strings.Replace(options, "<NOMSS>", "", 1)
	if more != "" && more[0] != '<' {
		return c.errorAt(at, "want fields of the SYN,ACK, such as <MSS=1000>, or nothing")
	}
	rule := p.rule
	defer func() { p.rule = rule }()
	steps := len(p.Steps)
	handshake := establish
	if p.Incoming {
		handshake = called
	}
	lines := splitLines(fmt.Sprintf(handshake, options))
	for i := range lines {
		sub := &cursor{file: c.file, line: &lines[i]}
		if err := p.statement(sub); err != nil {
			return c.errorAt(at, "%s", err.(*SyntaxError).Msg)
		}
	}
	stage := 0
	for i := range p.Steps[steps:] {
		step := &p.Steps[steps+i]
		step.Line = c.number()
		if _, isExpect := step.do.(expect); isExpect {
			stage++
			step.stage = stage
		}
	}
	return nil
}
