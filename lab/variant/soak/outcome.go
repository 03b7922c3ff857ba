package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/antedon-net/antedon/lab/grade"
	"github.com/antedon-net/antedon/lab/variant"
)

// An outcome is how a subject did.
type outcome struct {
	subject *subject
	report  grade.Report
	err     error // it could not be marked, or got other marks than it has to
	wrong   string
}

// mark has a subject marked.
func (s *soak) mark(sub *subject) outcome {
	o := outcome{subject: sub}
	dir := sub.dir
	if dir == "" {
		dir, o.err = os.MkdirTemp("", "antedon-variant-")
		if o.err != nil {
			return o
		}
		defer os.RemoveAll(dir)
		if o.err = errors.Join(os.Chmod(dir, 0o755), sub.Write(".", dir)); o.err != nil {
			return o
		}
	}
	args := []string{"lab", "grade", "--json", "--seed", strconv.Itoa(sub.seed), "--name", sub.Name, "--dir", dir}
	if !sub.findings {
		args = append(args, "--marks-only")
	}
	var out, stderr bytes.Buffer
	cmd := exec.Command(s.antedon, append(append(args, "--"), sub.argv...)...)
	cmd.Stdout, cmd.Stderr = &out, &stderr
	if err := cmd.Run(); err != nil {
		o.err = fmt.Errorf("%s: %w: %s", sub.Name, err, stderr.Bytes())
		return o
	}
	if o.err = json.Unmarshal(out.Bytes(), &o.report); o.err == nil {
		if o.wrong = sub.differences(&o.report); o.wrong != "" {
			o.err = fmt.Errorf("%s, seed %d: %s", sub.Name, sub.seed, o.wrong)
			o.keep(out.Bytes())
		}
	}
	return o
}

// keep keeps the report of a subject that did not do what it had to, for whoever wants to know why.
func (o *outcome) keep(report []byte) {
	path := filepath.Join("build", fmt.Sprintf("soak-%s-%d.json", o.subject.Name, o.subject.seed))
	if err := os.WriteFile(path, report, 0o644); err == nil {
		o.err = fmt.Errorf("%w (%s)", o.err, path)
	}
}

// differences says where marks and findings are not what they have to be.
func (s *subject) differences(r *grade.Report) string {
	var wrong []string
	for _, m := range r.Marks {
		if want := m.Max - s.Loses[m.Name]; m.Points != want {
			wrong = append(wrong, fmt.Sprintf("%s %d, want %d", m.Name, m.Points, want))
		}
	}
	for _, f := range r.Findings {
		if want := !slices.Contains(s.Lacks, f.Name); s.all && f.OK != want {
			wrong = append(wrong, fmt.Sprintf("%s %v, want %v", f.Name, f.OK, want))
		}
	}
	return strings.Join(wrong, "; ")
}

// results is the file of --results.
type results struct {
	Commit  string   `json:"commit"`
	Results []result `json:"results"`
}

type result struct {
	Name  string   `json:"name"`
	Score int      `json:"score"`
	Bonus []string `json:"bonus"`
}

func (p *page) writeResults(path string) error {
	r := results{Commit: p.commit, Results: []result{}}
	for _, o := range p.marked {
		if o.report.Max > 0 {
			r.Results = append(r.Results, result{o.report.Name, o.report.Score, o.report.Bonus})
		}
	}
	b, err := json.Marshal(&r)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(path), 0o755)
	}
	if err == nil {
		err = os.WriteFile(path, append(b, '\n'), 0o644)
	}
	return err
}

// full is the score of a right TCP.
const full = variant.All
