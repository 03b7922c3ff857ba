package drill

import (
	"context"
	"fmt"
	"time"

	"github.com/antedon-net/antedon/internal/sandbox"
	"github.com/antedon-net/antedon/lab/exp4"
)

// helloTime is how long a program may take to start, on however busy a machine.
const helloTime = 30 * time.Second

// start starts a program and waits for its hello.
func start(ctx context.Context, cfg *Config) (p *program, err error) {
	p = newProgram()
	p.box, err = sandbox.New(ctx, sandbox.Config{Argv: cfg.Argv, Dir: cfg.Dir, Show: cfg.Show, Output: &p.out, Limits: cfg.Limits})
	if err != nil {
		return nil, err
	}
	ep, err := exp4.Listen(p.box.Tmp())
	if err != nil {
		p.box.Close()
		return nil, err
	}
	if err := p.box.Start(); err != nil {
		ep.Close()
		p.box.Close()
		return nil, err
	}
	p.serve(ep, p.box.Done())
	select {
	case <-p.hello:
		return p, nil
	case <-p.done:
		err = &NoHello{"ended before its hello: " + p.why(), p.out.String()}
	case <-time.After(helloTime):
		err = &NoHello{fmt.Sprintf("said no hello within %v", helloTime), p.out.String()}
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	p.shut()
	return nil, err
}

// NoHello is why nothing can be done with a program.
type NoHello struct {
	Why    string
	Output string // the end of what the program printed
}

func (e *NoHello) Error() string { return "the program " + e.Why }
