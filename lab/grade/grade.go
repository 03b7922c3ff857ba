package grade

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"github.com/antedon-net/antedon/internal/sandbox"
	"github.com/antedon-net/antedon/link/impair"
)

// Config says what is marked, and how.
type Config struct {
	Name   string   // of the program in reports; default: that of Dir
	Argv   []string // the program and its arguments
	Dir    string   // where it runs; default: the working directory
	Show   []string // paths that it must be able to see besides
	Hide   []string // directories of which it must see nothing but that
	Seed   uint64
	Limits sandbox.Limits

	// Out is a directory for captures, which must exist; "" for none.
	Out string

	// MarksOnly leaves out the findings.
	MarksOnly bool

	// Progress is told of every mark when it is made. Default: nobody is told.
	Progress func(*Mark)
}

// seedOf is the seed of one mark: what one does changes no other.
func (c *Config) seedOf(mark string) [32]byte {
	return sha256.Sum256(fmt.Appendf(nil, "%d %s", c.Seed, mark))
}

// A part is one entry of the marking scheme. run makes checks; an error says why it could not go on.
type part struct {
	name, title string
	max         int
	plan        *impair.Plan // of the driver
	run         func(s *stage, m *Mark) error
}

// scheme are the course's marks.
var scheme = []part{
	{"handshake", "Three-way handshake", 20, nil, markHandshake},
	{"small-data", "Small data, both ways", 30, nil, markSmallData},
	{"close", "Four-way close", 10, nil, markClose},
	{"receive", "Receive 1 to 10 MB", 5, nil, markReceive},
	{"send", "Send 1 to 10 MB", 5, nil, markSend},
	{"page", "A page with parallel connections", 5, nil, markPage},
	{"retransmission", "Retransmission on timeout", 5, nil, markRetransmission},
}

// findings are what a TCP may do beyond.
var findings = []part{
	{"options", "TCP options", 0, nil, findOptions},
	{"resets", "Resets", 0, nil, findResets},
	{"release", "Release of resources", 0, nil, findRelease},
	{"flow-control", "Flow control", 0, nil, findFlowControl},
	{"out-of-order", "Buffering out of order", 0, nil, findOutOfOrder},
	{"fast-retransmit", "Fast retransmit", 0, nil, findFastRetransmit},
	{"congestion-control", "Congestion control", 0, nil, findCongestionControl},
	{"checksum", "Segments with wrong checksums", 0, &impair.Plan{Corrupt: 0.1}, findChecksum},
	{"rtt-estimation", "Estimation of the round-trip time", 0, nil, findRTT},
}

// Run marks a program. An error means that nothing can be said of it: the examiner, not the program, has failed.
func Run(ctx context.Context, cfg Config) (*Report, error) {
	dir, err := filepath.Abs(cfg.Dir)
	if err != nil {
		return nil, err
	}
	cfg.Dir = dir
	if cfg.Name == "" {
		cfg.Name = filepath.Base(dir)
	}
	if cfg.Progress == nil {
		cfg.Progress = func(*Mark) {}
	}
	r := &Report{Name: cfg.Name, Program: cfg.Argv, Seed: cfg.Seed}
	begun := time.Now()
	hopeless := false // nothing works without a handshake
	for _, p := range scheme {
		m, err := cfg.make(ctx, &p, hopeless)
		if err != nil {
			return nil, err
		}
		hopeless = hopeless || p.name == "handshake" && m.Points == 0
		r.Marks = append(r.Marks, m)
	}
	for _, p := range findings {
		if cfg.MarksOnly {
			break
		}
		m, err := cfg.make(ctx, &p, hopeless)
		if err != nil {
			return nil, err
		}
		r.Findings = append(r.Findings, m)
	}
	r.sum(begun)
	return r, nil
}

// findingTries is how often a finding is looked for: that it was made once shows that the program can.
const findingTries = 2

// make makes one mark, or looks for a finding.
func (c *Config) make(ctx context.Context, p *part, hopeless bool) (m Mark, err error) {
	tries := 1
	if p.max == 0 {
		tries = findingTries
	}
	for ; tries > 0 && !m.OK && err == nil; tries-- {
		m = Mark{Name: p.name, Title: p.title, Max: p.max}
		if hopeless {
			m.Note = "not tried: there was no sign of a handshake"
			break
		}
		err = c.perform(ctx, p, &m)
	}
	if err == nil {
		c.Progress(&m)
	}
	return m, err
}

// perform makes a mark on a stage of its own.
func (c *Config) perform(ctx context.Context, p *part, m *Mark) error {
	plan := p.plan
	if plan != nil {
		with := *plan
		with.Seed = c.Seed
		plan = &with
	}
	s, err := newStage(ctx, c, p.name, pcapName(c.Out, p.name), plan)
	if err == nil {
		err = p.run(s, m)
		s.close()
	}
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, errProgram), errors.Is(err, errNotEstablished):
		m.Note = err.Error()
	case errors.Is(err, os.ErrDeadlineExceeded):
		m.Note = "it took too long"
	case err != nil && s.path == nil:
		return fmt.Errorf("the examiner cannot work: %w", err)
	case err != nil:
		m.Note = err.Error()
	}
	m.sum()
	m.OK = m.OK && m.Note == ""
	m.Output = s.out.String()
	m.Driver = s.lines()
	if s.path != nil {
		m.Packets, m.More = s.path.lines()
	}
	if c.Out != "" {
		m.Pcap = p.name + ".pcapng"
	}
	return nil
}

func prefixes(s string) []netip.Prefix { return []netip.Prefix{netip.MustParsePrefix(s)} }
