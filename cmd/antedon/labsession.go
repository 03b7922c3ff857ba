package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/antedon-net/antedon/lab/driver"
	"github.com/antedon-net/antedon/lab/exp4"
	"github.com/antedon-net/antedon/lab/room"
)

// A labSession is one run of a driver, with the programs that it starts.
type labSession struct {
	flags *labDriverFlags
	cfg   driver.Config
	app   []string
	err   io.Writer

	room     *room.Room // nil on this machine itself
	driver   *driver.Driver
	programs []*room.Program
	stopping atomic.Bool
}

func (s *labSession) say(line string) { fmt.Fprintln(s.err, "antedon:", line) }

func (s *labSession) run(ctx context.Context) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	undo, err := s.makeDirs()
	defer undo()
	if err != nil {
		return err
	}
	if s.cfg.Capture, err = s.flags.openCapture(); err != nil {
		return err
	}
	if s.cfg.Capture != nil {
		defer func() { err = errors.Join(err, s.cfg.Capture.Close()) }()
	}
	if !s.flags.host {
		if s.room, err = room.New(ctx); err != nil {
			return err
		}
		defer s.room.Close()
		s.cfg.Namespace, s.cfg.Offload = s.room.Host(), true
	}
	s.cfg.Log = s.say
	if s.driver, err = driver.Start(s.cfg); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.driver.Close()) }()
	if err := s.startSDKs(ctx); err != nil {
		return err
	}
	defer s.stopSDKs()
	return s.wait(ctx)
}

// helloLimit is how long programs that we start may take until they say hello.
const helloLimit = 30 * time.Second

// startSDKs starts the programs and waits until all have said hello or ended.
func (s *labSession) startSDKs(ctx context.Context) error {
	for i, line := range s.flags.sdks {
		p, err := room.StartSDK(ctx, s.cfg.Namespace, s.cfg.Dirs[len(s.flags.dirs)+i], line, s.err)
		if err != nil {
			s.stopSDKs()
			return err
		}
		s.programs = append(s.programs, p)
		go func() {
			<-p.Done()
			if !s.stopping.Load() && ctx.Err() == nil {
				s.say(fmt.Sprintf("SDK program %q has ended: %s", line, endOf(p.Err())))
			}
		}()
	}
	for deadline := time.After(helloLimit); len(s.programs) > 0 && s.driver.Attached() < len(s.programs); {
		if s.allEnded() {
			return errors.New("no SDK program is left")
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-deadline:
			s.say("not every SDK program has said hello; going on without")
			return nil
		case <-ctx.Done():
			return nil
		}
	}
	return nil
}

func (s *labSession) allEnded() bool {
	for _, p := range s.programs {
		select {
		case <-p.Done():
		default:
			return false
		}
	}
	return true
}

func endOf(err error) string {
	if err == nil {
		return "exit code 0"
	}
	return err.Error()
}

func (s *labSession) stopSDKs() {
	s.stopping.Store(true)
	for _, p := range s.programs {
		p.Close()
	}
	s.programs = nil
}

// wait waits for the application, or for the end that somebody asks for.
func (s *labSession) wait(ctx context.Context) error {
	app := s.app
	if app == nil && s.room != nil {
		app = shell()
	}
	if app == nil {
		s.say(fmt.Sprintf("capturing (%s); an SDK finds the driver at %s; Ctrl-C ends it", s.cfg.Mode, s.socket()))
		select {
		case <-ctx.Done():
		case <-s.driver.Done():
		}
		return nil
	}
	if s.flags.caller != "" {
		return s.runCaller(ctx, app)
	}
	if s.room == nil {
		return runApp(ctx, exec.CommandContext(ctx, app[0], app[1:]...), (*exec.Cmd).Run)
	}
	cmd := s.room.App(ctx, app[0], app[1:]...)
	return runApp(ctx, cmd.Cmd, func(*exec.Cmd) error { return cmd.Run() })
}

// listenLimit is how long the application may take until it listens.
const listenLimit = 30 * time.Second

// runCaller runs the application, and the caller when that listens. The caller's end is the end.
func (s *labSession) runCaller(ctx context.Context, app []string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	server := s.room.App(ctx, app[0], app[1:]...)
	server.Stdout, server.Stderr = os.Stderr, os.Stderr // the output is the caller's
	if err := server.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Wait()
	}()
	defer func() {
		cancel() // this kills it, if it has not ended
		<-ended
	}()
	if err := s.awaitListener(ctx, app[0], ended); err != nil {
		return orInterrupted(ctx, err)
	}
	cmd := s.room.Caller(ctx, "/bin/sh", "-c", s.flags.caller)
	return runApp(ctx, cmd.Cmd, func(*exec.Cmd) error { return cmd.Run() })
}

// awaitListener waits until the application listens, or has ended.
func (s *labSession) awaitListener(ctx context.Context, app string, ended <-chan struct{}) error {
	port := s.cfg.Incoming[0]
	for limit := time.After(listenLimit); ; {
		if ok, err := driver.Listens(s.cfg.Namespace, port); ok || err != nil {
			return err
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ended:
			return fmt.Errorf("%s has ended without listening on port %d", app, port)
		case <-limit:
			return fmt.Errorf("%s does not listen on port %d", app, port)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// runApp runs the application on our own terminal. Its exit code is ours.
func runApp(ctx context.Context, cmd *exec.Cmd, run func(*exec.Cmd) error) error {
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	err := run(cmd)
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		if ctx.Err() != nil {
			return orInterrupted(ctx, err)
		}
		return exitCode(max(exit.ExitCode(), 1))
	}
	return err
}

// socket names where SDKs find the driver.
func (s *labSession) socket() string {
	dir := exp4.DefaultDir
	if len(s.cfg.Dirs) > 0 {
		dir = s.cfg.Dirs[0]
	}
	return filepath.Join(dir, exp4.DriverSocket)
}
