package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// A stack that is not in this program measures itself, in a process of its own: IdleMain there, RunIn here. They speak in JSON, a
// value after the other: the number of connections, then how many are held, from time to time, and at the end the line.

// tellEvery is how many connections are made between two messages.
const tellEvery = 500

// idleNews is a message of the process.
type idleNews struct {
	Held int       `json:"held,omitempty"`
	Line *IdleLine `json:"line,omitempty"` // the last message
}

// IdleMain measures a stack for who runs this process.
func IdleMain(ctx context.Context, in io.Reader, out io.Writer, who Who, open OpenStack) error {
	p := IdlePlan{Who: who, Open: open}
	if err := json.NewDecoder(in).Decode(&p.Conns); err != nil {
		return fmt.Errorf("the number of connections: %w", err)
	}
	tell, held := json.NewEncoder(out), 0
	line, err := p.Run(ctx, func() {
		if held++; held%tellEvery == 0 {
			tell.Encode(idleNews{Held: held}) // if nobody listens, the line will not be heard either
		}
	})
	if err != nil {
		return err
	}
	return tell.Encode(idleNews{Held: held, Line: &line})
}

// RunIn has the program argv, which calls IdleMain, carry out the plan. progress is told of each connection.
func (p IdlePlan) RunIn(ctx context.Context, argv []string, progress func()) (line IdleLine, err error) {
	var complaint strings.Builder
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Stdin, cmd.Stderr = strings.NewReader(fmt.Sprint(p.Conns)), &complaint
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Kill) }
	out, err := cmd.StdoutPipe()
	if err != nil {
		return IdleLine{}, err
	}
	if err := cmd.Start(); err != nil {
		return IdleLine{}, err
	}
	news, err := listenFor(out, progress)
	if err := errors.Join(err, cmd.Wait()); err != nil {
		return IdleLine{}, fmt.Errorf("%w: %s", err, strings.TrimSpace(complaint.String()))
	}
	if news.Line == nil {
		return IdleLine{}, fmt.Errorf("%s said nothing of what it measured", argv[0])
	}
	return *news.Line, nil
}

// listenFor returns the last message.
func listenFor(r io.Reader, progress func()) (last idleNews, err error) {
	for d, held := json.NewDecoder(r), 0; last.Line == nil; {
		if err := d.Decode(&last); err != nil {
			if err == io.EOF {
				err = nil // the process says why
			}
			return last, err
		}
		for ; held < last.Held; held++ {
			progress()
		}
	}
	return last, nil
}
