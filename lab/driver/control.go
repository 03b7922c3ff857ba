package driver

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/reactor"
)

// controlName is an abstract unix socket: there is one of that name in each network namespace, and it is gone with its
// process.
const controlName = "@antedon-lab-driver"

// What may be asked of a running driver.
const (
	askStop   = "stop"
	askStatus = "status"
)

// Status is what a running driver says of itself.
type Status struct {
	PID      int      `json:"pid"`
	Mode     Mode     `json:"mode"`
	Incoming []uint16 `json:"incoming,omitempty"`
	Builtin  bool     `json:"builtin,omitempty"`
	SDKs     int      `json:"sdks"` // how many are attached
	Conns    int      `json:"connections"`
	Counters Counters `json:"counters"`
}

func (d *Driver) listenControl() error {
	ln, err := reactor.ListenConfig{}.Listen(d.loop, "unix", controlName, d.onControl)
	if errors.Is(err, unix.EADDRINUSE) {
		return errRunning
	}
	if err != nil {
		return fmt.Errorf("listen for \"antedon lab driver clear\": %w", err)
	}
	d.host.control = ln
	return nil
}

// controlTimeout is how long somebody may take to ask.
const controlTimeout = 5 * time.Second

// onControl answers whoever asks, if that is root or who started the driver.
func (d *Driver) onControl(c reactor.Conn) reactor.Handler {
	s, ok := c.(*reactor.Socket)
	if !ok {
		return nil
	}
	cred, err := unix.GetsockoptUcred(s.FD(), unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil || cred.Uid != 0 && int(cred.Uid) != os.Geteuid() {
		return nil
	}
	c.SetDeadline(time.Now().Add(controlTimeout))
	return &reactor.Funcs{Readable: func(c reactor.Conn) {
		b := make([]byte, 64)
		n, err := c.Read(b)
		if errors.Is(err, reactor.ErrWouldBlock) {
			return
		}
		switch strings.TrimSpace(string(b[:n])) {
		case askStop:
			d.cfg.Log("asked to stop")
			d.endAll()
			d.loop.Close()
		case askStatus:
			line, err := json.Marshal(d.status())
			if err == nil {
				_, _ = c.Write(append(line, '\n'))
			}
			c.Close()
		default:
			c.Abort()
		}
	}}
}

func (d *Driver) status() Status {
	s := Status{PID: os.Getpid(), Mode: d.cfg.Mode, Incoming: d.cfg.Incoming, Builtin: d.cfg.Builtin, Conns: d.table.Len(), Counters: d.count()}
	for _, p := range d.programs {
		if d.table.Has(p.id) {
			s.SDKs++
		}
	}
	return s
}

// ErrNotRunning is returned by Query if no driver runs in the network namespace.
var ErrNotRunning = errors.New("no driver is running")

// ask says something to the driver of the calling thread's network namespace and returns the answer.
func ask(what string) ([]byte, error) {
	conn, err := net.Dial("unix", controlName)
	if errors.Is(err, unix.ECONNREFUSED) {
		return nil, ErrNotRunning
	}
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(2 * controlTimeout)); err != nil {
		return nil, err
	}
	if _, err := io.WriteString(conn, what+"\n"); err != nil {
		return nil, err
	}
	b, err := io.ReadAll(conn)
	if errors.Is(err, unix.ECONNRESET) {
		err = nil // it ended so
	}
	return b, err
}

// Query asks the driver of the calling thread's network namespace how it is.
func Query() (Status, error) {
	b, err := ask(askStatus)
	if err != nil {
		return Status{}, err
	}
	var s Status
	return s, json.Unmarshal(b, &s)
}

// Clear ends the driver of the calling thread's network namespace, if there is one, and removes what one that was killed
// together with its guard may have left.
func Clear() error {
	_, err := ask(askStop)
	if err != nil && !errors.Is(err, ErrNotRunning) {
		return err
	}
	if err == nil {
		if err := awaitEnd(); err != nil {
			return err
		}
	}
	return clean()
}

// awaitEnd waits until the driver has let go of everything.
func awaitEnd() error {
	for deadline := time.Now().Add(controlTimeout); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if _, err := Query(); errors.Is(err, ErrNotRunning) {
			return nil
		}
	}
	return errors.New("the driver does not end")
}
