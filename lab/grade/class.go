package grade

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"html/template"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// A Class is many submissions: the directories in Dir.
type Class struct {
	Config
	Dir  string
	Jobs int // how many are marked at a time; default 1
}

// Run marks them all, and returns the reports in the order of their names. Those that could not be marked are left out and
// said in the error. each is told of every report as it comes, one at a time.
func (c *Class) Run(ctx context.Context, each func(*Report) error) ([]*Report, error) {
	names, err := directories(c.Dir)
	if err != nil {
		return nil, err
	}
	reports, errs := make([]*Report, len(names)), make([]error, len(names))
	turns := make(chan struct{}, max(c.Jobs, 1))
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i, name := range names {
		turns <- struct{}{}
		if ctx.Err() != nil {
			break
		}
		wg.Go(func() {
			defer func() { <-turns }()
			r, err := c.one(ctx, name)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				reports[i] = r
				err = each(r)
			}
			if err != nil {
				errs[i] = fmt.Errorf("%s: %w", name, err)
			}
		})
	}
	wg.Wait()
	var made []*Report
	for _, r := range reports {
		if r != nil {
			made = append(made, r)
		}
	}
	return made, errors.Join(append(errs, context.Cause(ctx))...)
}

// directories lists the submissions.
func directories(dir string) (names []string, err error) {
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if e.IsDir() && !strings.HasPrefix(e.Name(), ".") {
			names = append(names, e.Name())
		}
	}
	if err == nil && len(names) == 0 {
		err = fmt.Errorf("there is no directory in %s", dir)
	}
	return names, err
}

// one marks one submission.
func (c *Class) one(ctx context.Context, name string) (*Report, error) {
	cfg := c.Config
	cfg.Name, cfg.Dir = name, filepath.Join(c.Dir, name)
	cfg.Hide = append(slices.Clone(cfg.Hide), c.Dir) // what others have written
	if cfg.Out != "" {
		cfg.Hide = append(cfg.Hide, cfg.Out)
		cfg.Out = filepath.Join(cfg.Out, name)
		if err := os.MkdirAll(cfg.Out, 0o755); err != nil {
			return nil, err
		}
	}
	r, err := Run(ctx, cfg)
	if err == nil && cfg.Out != "" {
		err = r.WriteHTML(cfg.Out)
	}
	return r, err
}

// Summary is the report in one line.
func (r *Report) Summary() string {
	s := fmt.Sprintf("%-20s %2d/%d ", r.Name, r.Score, r.Max)
	for _, m := range r.Marks {
		s += fmt.Sprintf(" %s %d", m.Name, m.Points)
	}
	if note := r.Note(); note != "" {
		s += ": " + printable(note)
	}
	return s
}

// Note says why a program got no further than it did.
func (r *Report) Note() string {
	for _, m := range r.Marks {
		if m.Note != "" {
			return m.Note
		}
	}
	return ""
}

// WriteClass writes marks.csv and index.html for a class to a directory, in which the reports lie already.
func WriteClass(dir string, reports []*Report) error {
	f, err := os.Create(filepath.Join(dir, "marks.csv"))
	if err != nil {
		return err
	}
	w := csv.NewWriter(f)
	head := []string{"name", "score"}
	for _, p := range scheme {
		head = append(head, p.name)
	}
	_ = w.Write(append(head, "bonus", "note"))
	for _, r := range reports {
		row := []string{harmless(r.Name), strconv.Itoa(r.Score)}
		for _, m := range r.Marks {
			row = append(row, strconv.Itoa(m.Points))
		}
		_ = w.Write(append(row, strings.Join(r.Bonus, " "), r.Note()))
	}
	w.Flush()
	if err := errors.Join(w.Error(), f.Close()); err != nil {
		return err
	}
	return writePage(filepath.Join(dir, "index.html"), classPage, reports)
}

// harmless keeps a spreadsheet from taking a name for a formula.
func harmless(name string) string {
	if strings.ContainsAny(name[:min(1, len(name))], "=+-@\t\r") {
		return "'" + name
	}
	return name
}

var classPage = template.Must(template.New("class").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Marks</title>
<style>` + style + `</style>
<body class="many"><h1>Marks</h1>
<div class="wide"><table><tr><th class="who">Name<th class="n">Score{{with index . 0}}{{range .Marks}}<th class="n" title="{{.Title}}">{{.Name}}{{end}}{{end}}<th class="n">Beyond<th class="note">Note</tr>
{{range .}}<tr><td><a href="{{.Name}}/report.html">{{.Name}}</a><td class="n"><b>{{.Score}}</b>/{{.Max}}{{range .Marks}}<td class="n{{if not .OK}} bad{{end}}">{{.Points}}/{{.Max}}{{end}}<td class="n" title="{{range .Bonus}}{{.}} {{end}}">{{len .Bonus}}<td>{{.Note}}</tr>
{{end}}</table></div></html>
`))
