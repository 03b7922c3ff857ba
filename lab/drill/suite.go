package drill

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"time"

	"github.com/antedon-net/antedon/internal/sandbox"
)

// Config says what is drilled.
type Config struct {
	Argv   []string // the program and its arguments
	Dir    string   // where it runs; default: the working directory
	Show   []string // paths that it must be able to see besides
	Limits sandbox.Limits

	// Jobs is how many programs run at a time. Default: 4.
	Jobs int

	// Progress is told of every result, in the order of the scripts. Default: nobody is told.
	Progress func(*Result)
}

// A Result is what became of a script.
type Result struct {
	Name         string   `json:"name"`
	Title        string   `json:"title"`
	Level        Level    `json:"level"`
	OK           bool     `json:"ok"`
	Skipped      bool     `json:"skipped,omitempty"` // it is for programs that can be called
	Alone        bool     `json:"alone"`             // it had the program to itself
	Failure      *Failure `json:"failure,omitempty"`
	Conversation []Line   `json:"conversation"`
	Strays       []string `json:"strays,omitempty"` // what the program said of no connection
	Output       string   `json:"output,omitempty"` // what it printed, the end of it
	Seconds      float64  `json:"seconds"`

	script *Script
	begun  time.Time
}

// Run plays scripts to a program and returns what became of each. Several are first played side by side, over connections of
// one program; those that do not pass so are played again, each to a program of its own, and that counts: whatever a script
// finds out, it finds out without another's help. Only if the program by itself does not get through a handshake, scripts
// that have failed at the same step of theirs are not played again.
//
// An error means that nothing can be said, for example that the program does not start: then it is a *NoHello.
func Run(ctx context.Context, cfg Config, scripts []*Script) ([]Result, error) {
	dir, err := filepath.Abs(cfg.Dir)
	if err != nil {
		return nil, err
	}
	cfg.Dir = dir
	if cfg.Jobs < 1 {
		cfg.Jobs = 4
	}
	if cfg.Progress == nil {
		cfg.Progress = func(*Result) {}
	}
	d := &drill{cfg: &cfg, results: make([]Result, len(scripts)), ready: make([]bool, len(scripts)), stuck: make(map[stuckAt]bool)}
	for i, s := range scripts {
		d.results[i] = Result{Name: s.Name, Title: s.Title, Level: s.Level, script: s}
	}
	if len(scripts) > 1 {
		if err := d.together(ctx); err != nil {
			return nil, err
		}
	}
	if err := d.alone(ctx); err != nil {
		return nil, err
	}
	return d.results, nil
}

// A drill is a Run at work.
type drill struct {
	cfg     *Config
	mu      sync.Mutex // guards what follows
	results []Result
	ready   []bool // which of them are final
	told    int    // how many of them Progress knows
	stuck   map[stuckAt]bool
}

// stuckAt is a step of a handshake that the program has failed at by itself, and how.
type stuckAt struct {
	incoming bool
	stage    int
	seen     string
}

// place says at what step of a handshake a script failed; the stage is 0 if it did not, or if the failure need not be its own.
func (r *Result) place() stuckAt {
	if r.Failure == nil || r.Failure.general {
		return stuckAt{}
	}
	return stuckAt{r.script.Incoming, r.Failure.stage, r.Failure.Seen}
}

// together plays all scripts to one program.
func (d *drill) together(ctx context.Context) error {
	p, err := start(ctx, d.cfg)
	if err != nil {
		return err
	}
	defer p.shut()
	var wg sync.WaitGroup
	for i := range d.results {
		wg.Go(func() {
			r := d.results[i]
			r.play(ctx, p)
			if r.OK {
				d.finish(i, r)
				return
			}
			d.mu.Lock()
			d.results[i] = r
			d.mu.Unlock()
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}

// alone plays each script that has not passed to a program of its own.
func (d *drill) alone(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	slots := make(chan struct{}, d.cfg.Jobs)
	var wg sync.WaitGroup
	for i := range d.results {
		if d.ready[i] {
			continue
		}
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			d.mu.Lock()
			r := d.results[i]
			known := d.stuck[r.place()]
			d.mu.Unlock()
			if known {
				d.finish(i, r)
				return
			}
			if err := r.playAlone(ctx, d.cfg); err != nil {
				cancel(err)
				return
			}
			d.finish(i, r)
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}

// playAlone plays the script to a program of its own.
func (r *Result) playAlone(ctx context.Context, cfg *Config) error {
	p, err := start(ctx, cfg)
	if err != nil {
		return err
	}
	defer p.shut()
	r.Alone = true
	r.play(ctx, p)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// play plays the script.
func (r *Result) play(ctx context.Context, p *program) {
	r.begun = time.Now()
	if r.script.Incoming && !p.canBeCalled() {
		r.OK, r.Skipped = true, true
		return
	}
	r.Failure, r.Conversation = play(ctx, p, r.script)
	r.OK = r.Failure == nil
	r.Seconds = time.Since(r.begun).Round(time.Millisecond).Seconds()
	r.Strays, r.Output = p.strays(), p.out.String()
}

// finish notes a result, and tells of those that are final as far as there is no gap.
func (d *drill) finish(i int, r Result) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.results[i], d.ready[i] = r, true
	if at := r.place(); r.Alone && at.stage > 0 {
		d.stuck[at] = true
	}
	for ; d.told < len(d.ready) && d.ready[d.told]; d.told++ {
		d.cfg.Progress(&d.results[d.told])
	}
}

// IsProgram reports whether an error of Run is the program's fault.
func IsProgram(err error) bool {
	var no *NoHello
	return errors.As(err, &no)
}
