package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
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
func (s *soak) mark(sub *subject, findings bool) outcome {
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
	if !findings {
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
		if o.wrong = differences(&sub.Variant, &o.report); o.wrong != "" {
			o.err = fmt.Errorf("%s, seed %d: %s", sub.Name, sub.seed, o.wrong)
		}
	}
	return o
}

// differences says where the marks are not what they have to be.
func differences(v *variant.Variant, r *grade.Report) string {
	var wrong []string
	for _, m := range r.Marks {
		if want := m.Max - v.Loses[m.Name]; m.Points != want {
			wrong = append(wrong, fmt.Sprintf("%s %d, want %d", m.Name, m.Points, want))
		}
	}
	return strings.Join(wrong, "; ")
}

func printTable(marked []outcome) {
	fmt.Println("| program | seed | what it is | has to lose | score | as it has to be |\n|---|---|---|---|---|---|")
	for _, o := range marked {
		verdict := "yes"
		if o.err != nil {
			verdict = "no"
			if o.wrong != "" {
				verdict += ": " + o.wrong
			}
		}
		fmt.Printf("| %s | %d | %s | %s | %d | %s |\n", o.subject.Name, o.subject.seed, o.subject.About, losses(o), o.report.Score, verdict)
	}
}

// losses lists what a subject has to lose, in the order of the report.
func losses(o outcome) string {
	var names []string
	for _, m := range o.report.Marks {
		if n := o.subject.Loses[m.Name]; n > 0 {
			names = append(names, fmt.Sprintf("%s %d", m.Name, n))
		}
	}
	if names == nil {
		return "nothing"
	}
	return strings.Join(names, ", ")
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

func writeResults(path string, marked []outcome) error {
	commit, err := exec.Command("git", "rev-parse", "HEAD").Output()
	if err != nil {
		return fmt.Errorf("which commit is this? %w", err)
	}
	r := results{Commit: strings.TrimSpace(string(commit)), Results: []result{}}
	for _, o := range marked {
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
