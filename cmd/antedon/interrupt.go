package main

import (
	"context"
	"os"
	"os/signal"

	"golang.org/x/sys/unix"
)

// interruptible returns a context that the first signal ends; its cause is errInterrupted. The second signal ends the
// program at once. A closed pipe on standard output is no signal from here on but an error of Write.
func interruptible() (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals, pipe := make(chan os.Signal, 2), make(chan os.Signal, 1)
	signal.Notify(signals, unix.SIGINT, unix.SIGTERM, unix.SIGHUP)
	signal.Notify(pipe, unix.SIGPIPE)
	go func() {
		if _, ok := <-signals; !ok {
			return
		}
		cancel(errInterrupted)
		if sig, ok := <-signals; ok {
			os.Exit(128 + int(sig.(unix.Signal)))
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(signals)
		cancel(nil)
	}
}

// orInterrupted returns err, or that the command was interrupted if it failed because of that.
func orInterrupted(ctx context.Context, err error) error {
	if err != nil && context.Cause(ctx) == errInterrupted {
		return errInterrupted
	}
	return err
}
