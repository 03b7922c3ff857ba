package netlab

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"sync"

	"golang.org/x/sys/unix"
)

// guardName is the name, argument 0, under which the program is a guard.
const guardName = "antedon-guard"

// guardRelease is what a guard is told, in place of a step, to forget them all.
const guardRelease = "release"

// maxUndo bounds the size of one registered step, in bytes.
const maxUndo = 4096

// A Guard is a child process that undoes what this process has done to the system, as soon as this process ends in
// whatever way. Steps are undone in reverse order.
//
// It is this program under another name, holding a pipe to us, and wakes up when that closes.
type Guard struct {
	mu      sync.Mutex
	cmd     *exec.Cmd
	in      io.WriteCloser
	answers *json.Decoder
	closed  bool
	err     error // of Close
}

// answer is what a guard says to each step, and once more when it has undone them all.
type answer struct{ Err string }

func (a answer) error() error {
	if a.Err == "" {
		return nil
	}
	return errors.New(a.Err)
}

// NewGuard starts a guard. It acts in the namespaces that the calling thread is in; if that is a Namespace, whose Close
// ends guards as well, the guard has to be closed first.
func NewGuard() (*Guard, error) { return startGuard(nil) }

// startGuard starts a guard that also ends all processes in the network or mount namespace ns, if that is not nil.
func startGuard(ns *os.File) (*Guard, error) {
	if !initDone {
		return nil, errNoInit
	}
	cmd := exec.Command("/proc/self/exe")
	cmd.Args = []string{guardName}
	cmd.Env = []string{"GORACE=atexit_sleep_ms=0"} // nothing of ours; a race build would linger
	cmd.Dir = "/"
	cmd.Stderr = os.Stderr                            // for when nobody listens any more
	cmd.SysProcAttr = &unix.SysProcAttr{Setsid: true} // what is typed at us must not reach it
	if ns != nil {
		cmd.Args = append(cmd.Args, guardNamespace)
		cmd.ExtraFiles = []*os.File{ns}
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("netlab: start a guard: %w", err)
	}
	g := &Guard{cmd: cmd, in: in, answers: json.NewDecoder(out)}
	if err := g.hear(); err != nil { // it is deaf to signals from here on
		g.Close()
		return nil, err
	}
	return g, nil
}

// Add registers a step, before what it undoes is done: when Add has returned, the step is safe with the guard.
func (g *Guard) Add(u Undo) error {
	line, err := json.Marshal(u)
	if err != nil {
		return err
	}
	if len(line) >= maxUndo {
		return errors.New("netlab: undo step is too long")
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return errors.New("netlab: the guard is closed")
	}
	return g.tell(line)
}

// Release ends the guard without undoing anything: what was done is meant to stay.
func (g *Guard) Release() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return g.err
	}
	if err := g.tell([]byte(guardRelease)); err != nil {
		return err
	}
	return g.end()
}

// Close undoes everything and waits until that is done. Further calls return what the first one did.
func (g *Guard) Close() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return g.err
	}
	return g.end()
}

// tell sends the guard a line and waits for its answer.
func (g *Guard) tell(line []byte) error {
	if _, err := g.in.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("netlab: guard: %w", err)
	}
	return g.hear()
}

// hear reads the guard's next answer.
func (g *Guard) hear() error {
	var a answer
	if err := g.answers.Decode(&a); err != nil {
		return fmt.Errorf("netlab: the guard is gone: %w", err)
	}
	return a.error()
}

// end lets go of the guard and waits for it.
func (g *Guard) end() error {
	g.closed = true
	g.in.Close()
	g.err = firstError(g.hear(), g.cmd.Wait())
	return g.err
}

// runGuard is the guard's whole life. It returns the exit code.
func runGuard(args []string) int {
	signal.Ignore(unix.SIGINT, unix.SIGTERM, unix.SIGHUP, unix.SIGQUIT, unix.SIGPIPE)
	w := ward{namespace: -1}
	if len(args) == 1 && args[0] == guardNamespace {
		w.namespace = guardNamespaceFD
		unix.CloseOnExec(guardNamespaceFD)
	}
	out := json.NewEncoder(os.Stdout)
	out.Encode(answer{})
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, maxUndo)
	for in.Scan() {
		if in.Text() == guardRelease {
			w.steps = nil
			out.Encode(answer{})
			continue
		}
		out.Encode(toAnswer(w.add(in.Bytes())))
	}
	err := firstError(in.Err(), w.undo())
	if out.Encode(toAnswer(err)) != nil && err != nil {
		fmt.Fprintln(os.Stderr, "antedon:", err)
	}
	return 0
}

func toAnswer(err error) answer {
	if err == nil {
		return answer{}
	}
	return answer{err.Error()}
}
