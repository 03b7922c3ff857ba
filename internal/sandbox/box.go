package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/internal/netlab"
)

// initName and launchName are the names, argument 0, under which this program is the first process of a box, and the one
// that becomes the stranger's.
const (
	initName   = "antedon-box"
	launchName = "antedon-launch"
)

// nobody is the user and group of programs that root starts.
const nobody = 65534

// ErrLimit is why a box ended in which a limit was reached.
var ErrLimit = errors.New("it used too much")

// Init must be called at the start of main in every program that uses this package, before anything else: the inner
// processes of a box are the same program, started under other names, and never return from here.
func Init() {
	if len(os.Args) == 0 {
		return
	}
	switch os.Args[0] {
	case initName:
		os.Exit(runInit())
	case launchName:
		launch(os.Args[1:])
	}
}

// A Box is a place for one program.
type Box struct {
	ns      *netlab.Namespace
	cmd     *netlab.Cmd
	orders  *json.Encoder
	control io.Closer
	reports *json.Decoder

	started atomic.Bool
	once    sync.Once // Close
	done    chan struct{}
	err     error
}

// New makes a box in which everything is ready but the program, which Start starts. It ends when ctx is done.
func New(ctx context.Context, cfg Config) (*Box, error) {
	o, err := cfg.order()
	if err != nil {
		return nil, err
	}
	ns, err := netlab.NewNamespace()
	if err != nil {
		return nil, err
	}
	b := &Box{ns: ns, done: make(chan struct{})}
	if err := b.begin(ctx, cfg.Output); err == nil {
		err = b.prepare(o)
		if err == nil {
			return b, nil
		}
		b.control.Close()
		_ = b.cmd.Process.Kill()
		_ = b.cmd.Wait()
		return nil, errors.Join(err, ns.Close())
	}
	return nil, errors.Join(fmt.Errorf("sandbox: %w", err), ns.Close())
}

// canDrop reports whether there is another user to become: within a user namespace there usually is only one.
func canDrop() bool {
	b, err := os.ReadFile("/proc/self/uid_map")
	var inner, outer, n int64
	if err == nil {
		_, err = fmt.Sscan(string(b), &inner, &outer, &n)
	}
	return err == nil && n > nobody
}

// begin starts the first process.
func (b *Box) begin(ctx context.Context, output io.Writer) error {
	orderR, orderW, err := os.Pipe()
	if err != nil {
		return err
	}
	defer orderR.Close()
	reportR, reportW, err := os.Pipe()
	if err != nil {
		orderW.Close()
		return err
	}
	defer reportW.Close()
	b.cmd = b.ns.Command(ctx, "/proc/self/exe")
	b.cmd.Args = []string{initName}
	b.cmd.Env = []string{"GORACE=atexit_sleep_ms=0"}
	b.cmd.Dir = "/"
	b.cmd.Stdout, b.cmd.Stderr = output, output
	b.cmd.ExtraFiles = []*os.File{orderR, reportW}
	b.cmd.WaitDelay = 5 * time.Second // for output that somebody holds open; there is nobody left
	b.cmd.SysProcAttr = &unix.SysProcAttr{
		Cloneflags: unix.CLONE_NEWPID | unix.CLONE_NEWNS | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS,
		Setsid:     true,
	}
	if err := b.cmd.Start(); err != nil {
		orderW.Close()
		reportR.Close()
		return err
	}
	b.control, b.orders, b.reports = orderW, json.NewEncoder(orderW), json.NewDecoder(reportR)
	return nil
}

// prepare gives the order and waits until everything is as it says.
func (b *Box) prepare(o *order) error {
	if err := b.orders.Encode(o); err != nil {
		return fmt.Errorf("sandbox: %w", err)
	}
	r, err := b.hear()
	if err == nil && !r.Ready {
		err = errors.New("sandbox: the first process is not ready")
	}
	return err
}

// hear waits for the next report.
func (b *Box) hear() (r report, err error) {
	if err := b.reports.Decode(&r); err != nil {
		return r, fmt.Errorf("sandbox: the first process is gone: %w", err)
	}
	if r.Err != "" {
		return r, errors.New("sandbox: " + r.Err)
	}
	return r, nil
}

// Tmp returns the path under which this process sees the program's /tmp, until the box has ended. It is short.
func (b *Box) Tmp() string {
	return filepath.Join("/proc", strconv.Itoa(b.cmd.Process.Pid), "root", "tmp")
}

// Start starts the program. It must be called once at most.
func (b *Box) Start() error {
	if err := b.orders.Encode("start"); err != nil {
		return fmt.Errorf("sandbox: %w", err)
	}
	if _, err := b.hear(); err != nil {
		return err
	}
	b.started.Store(true)
	go b.wait()
	return nil
}

// wait notes how the program ends.
func (b *Box) wait() {
	defer close(b.done)
	r, err := b.hear()
	switch {
	case err != nil:
		b.err = errors.New("it was killed")
	case r.Limit != "":
		b.err = fmt.Errorf("%w: %s", ErrLimit, r.Limit)
	case r.Exit != "":
		b.err = errors.New(r.Exit)
	}
	_ = b.cmd.Wait()
}

// Done is closed when the program has ended, and all that it has started.
func (b *Box) Done() <-chan struct{} { return b.done }

// Err says after Done why it ended: nil is exit code 0, an error that is ErrLimit says which limit it reached.
func (b *Box) Err() error { return b.err }

// Close ends everything in the box.
func (b *Box) Close() (err error) {
	b.once.Do(func() {
		b.control.Close()
		_ = b.cmd.Process.Kill()
		err = b.ns.Close() // waits for all
		if b.started.Load() {
			<-b.done
		} else {
			_ = b.cmd.Wait()
		}
	})
	return err
}
