package drill

import (
	"strconv"
	"time"
)

// action reads what a step does.
func (p *parser) action(c *cursor) (action, error) {
	before := c.i
	word, at := c.word()
	if flags, ok := toProgram[word]; ok {
		a := call{flags: flags}
		var err error
		if word == "app_send" {
			a.data, err = readText(c, false)
		}
		return a, err
	}
	switch word {
	case "<--":
		seg, err := parseSegment(c, false)
		return inject{seg}, err
	case "wait":
		d, err := readTime(c)
		return pause{d}, err
	case "nothing":
		s := silence{butACKs: c.accept("but", "ACKs")}
		s.total = !s.butACKs && c.accept("at", "all")
		if !c.accept("for") {
			return nil, c.errorAt(c.i, "want: nothing [at all | but ACKs] for TIME")
		}
		var err error
		s.d, err = readTime(c)
		return s, err
	}
	if _, ok := fromProgram[word]; ok || word == "-->" {
		c.i = before
		return p.expect(c)
	}
	return nil, c.errorAt(at, "%q is no statement", word)
}

// expect reads what is expected, and when.
func (p *parser) expect(c *cursor) (action, error) {
	e := expect{within: defaultWithin}
	for {
		o, err := readOption(c)
		if err != nil {
			return nil, err
		}
		e.options = append(e.options, o)
		if !c.accept("or") {
			break
		}
	}
	if len(e.options) > 1 {
		for _, o := range e.options {
			if o.pieces || o.seg == nil && o.flags == fromProgram["app_recv"] {
				return nil, c.errorAt(c.i, "what comes in pieces cannot be one of several: they are not told apart")
			}
		}
	}
	var err error
	for err == nil {
		switch {
		case c.accept("within"):
			e.within, err = readTime(c)
		case c.accept("not", "before"):
			e.notBefore, err = readTime(c)
		case c.accept("backs", "off"):
			e.backsOff = true
		case e.notBefore >= e.within:
			return e, c.errorAt(c.i, "not before %v and within %v cannot both be", e.notBefore, e.within)
		default:
			return e, nil
		}
	}
	return e, err
}

// readOption reads a segment or a call.
func readOption(c *cursor) (option, error) {
	if c.accept("-->"); c.isNext('<') {
		seg, err := parseSegment(c, true)
		if err != nil {
			return option{}, err
		}
		o := option{seg: seg}
		at := c.i
		if !c.accept("in", "pieces") {
			return o, nil
		}
		if _, hasSeq := seg.fields["SEQ"]; !hasSeq || seg.data.any || seg.data.low != seg.data.high && seg.data.bytes == nil {
			return o, c.errorAt(at, "what comes in pieces needs a SEQ and a length")
		}
		o.pieces = true
		if c.accept("of", "at", "most") {
			n, at := c.word()
			if o.most, err = strconv.Atoi(n); err != nil || o.most < 1 {
				return o, c.errorAt(at, "want a number of bytes")
			}
		}
		return o, nil
	}
	word, at := c.word()
	flags, ok := fromProgram[word]
	if !ok {
		return option{}, c.errorAt(at, "want a segment, or a call such as app_connected")
	}
	o := option{flags: flags}
	var err error
	if word == "app_recv" {
		if o.data, err = readText(c, false); err == nil && o.data.end() == 0 {
			err = c.errorAt(c.i, "want at least one byte")
		}
	}
	return o, err
}

// readText reads "text" or a number of bytes.
func readText(c *cursor, expected bool) (text, error) {
	c.skip()
	at := c.i
	value := c.text[at:]
	if quoted, err := strconv.QuotedPrefix(value); err == nil {
		c.i += len(quoted)
		value = quoted
	} else {
		value, _ = c.word()
	}
	t, err := parseText(value, expected)
	if err != nil {
		return t, c.errorAt(at, "%v", err)
	}
	return t, nil
}

// readTime reads 300ms or 5s.
func readTime(c *cursor) (time.Duration, error) {
	word, at := c.word()
	d, err := time.ParseDuration(word)
	if err != nil || d <= 0 || d > longest {
		return 0, c.errorAt(at, "want a time, such as 300ms or 5s, at most a minute")
	}
	return d, nil
}
