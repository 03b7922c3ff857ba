package workload

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
)

// Main is what a contestant's program does: it reads a Task from in, opens its stack, runs the load and writes the Result to
// out. The stack ends with the program.
func Main(ctx context.Context, in io.Reader, out io.Writer, open func(*Task) (Network, error)) error {
	var t Task
	if err := json.NewDecoder(in).Decode(&t); err != nil {
		return fmt.Errorf("workload: no task: %w", err)
	}
	n, err := open(&t)
	if err != nil {
		return err
	}
	r, err := Run(ctx, n, &t)
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(r)
}
