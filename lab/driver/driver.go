package driver

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/internal/netlab"
	"github.com/antedon-net/antedon/lab/table"
	"github.com/antedon-net/antedon/reactor"
)

// A Driver is a running driver. Start makes one.
type Driver struct {
	cfg   Config
	loop  *reactor.Loop
	start time.Time
	host  holdings

	table    *table.Table
	wire     *wireEnd
	builtin  *builtin // nil if SDKs carry the connections
	programs []*program
	apps     map[table.App]*app
	lastApp  table.App
	turn     int // whose turn it is to be given a connection
	draining bool
	counters Counters

	done     chan struct{} // closed when the loop has ended
	err      error         // of the loop
	once     sync.Once
	closeErr error
}

// holdings are what the driver holds of the network namespace.
type holdings struct {
	control   *reactor.Listener
	guard     *netlab.Guard
	rules     *ruleset
	source    *sourceFinder
	tap       *tap // nil without a capture
	listeners []*listener
}

// Start starts a driver. When it returns, connections are captured.
func Start(cfg Config) (*Driver, error) {
	cfg.setDefaults()
	if err := cfg.checkIncoming(); err != nil {
		return nil, err
	}
	loop, err := reactor.New(reactor.Config{})
	if err != nil {
		return nil, err
	}
	d := &Driver{
		cfg: cfg, loop: loop, start: time.Now(), table: table.New(cfg.Table), apps: make(map[table.App]*app), done: make(chan struct{}),
	}
	err = d.openPrograms()
	if err == nil {
		err = cfg.in(d.open)
	}
	if err != nil {
		d.loop.Close()
		return nil, errors.Join(err, d.release())
	}
	loop.AfterFunc(tickInterval, d.onTick)
	loop.BeforeSleep(d.flush)
	go func() {
		defer close(d.done)
		if err := loop.Run(); !errors.Is(err, reactor.ErrClosed) { // it may be closed before it has begun
			d.err = err
		}
	}()
	return d, nil
}

// open opens what belongs to the network namespace of the calling thread, the capture last.
func (d *Driver) open() error {
	if err := d.listenControl(); err != nil { // this also keeps out a second driver
		return err
	}
	if err := clean(); err != nil {
		return fmt.Errorf("remove what an earlier driver left: %w", err)
	}
	var err error
	if d.host.source, err = openSourceFinder(); err != nil {
		return err
	}
	if d.wire, err = openWire(d); err != nil {
		return err
	}
	if d.cfg.Capture != nil {
		if d.host.tap, err = openTap(d); err != nil {
			return err
		}
	}
	if d.cfg.Builtin {
		if err := d.startBuiltin(); err != nil {
			return err
		}
	}
	if err := d.listen(); err != nil {
		return err
	}
	if d.host.guard, err = netlab.NewGuard(); err != nil {
		return err
	}
	if err := d.guardSockets(); err != nil {
		return err
	}
	if err := startRouting(d.host.guard, d.cfg.marks()); err != nil {
		return err
	}
	d.host.rules, err = startCapture(&d.cfg)
	return err
}

// Done is closed when the driver has ended, because somebody asked it to or it failed. Close has to be called still.
func (d *Driver) Done() <-chan struct{} { return d.done }

// Close ends the driver and undoes everything. Captured connections are reset.
func (d *Driver) Close() error {
	d.once.Do(func() {
		_ = d.loop.Post(d.endAll)
		d.loop.Close()
		<-d.done
		d.closeErr = errors.Join(d.err, d.release())
	})
	return d.closeErr
}

// release undoes what open has done.
func (d *Driver) release() error {
	var errs []error
	h := &d.host
	if h.rules != nil {
		errs = append(errs, h.rules.close())
	}
	if h.guard != nil {
		errs = append(errs, h.guard.Close())
	}
	for _, l := range h.listeners {
		l.close()
	}
	if h.tap != nil {
		h.tap.close()
	}
	if h.source != nil {
		h.source.close()
	}
	if d.wire != nil {
		d.wire.close()
	}
	for _, p := range d.programs {
		p.close()
	}
	return errors.Join(errs...)
}

// now is the time for the table.
func (d *Driver) now() mono.Time { return mono.Time(time.Since(d.start)) + 1 }

// tickInterval is how often SDKs are told that time has passed.
const tickInterval = 100 * time.Millisecond

func (d *Driver) onTick() {
	d.loop.AfterFunc(tickInterval, d.onTick)
	for _, p := range d.programs {
		p.tick()
	}
	d.table.Tick(d.now())
	d.drain()
}

// flush sends what callbacks have gathered.
func (d *Driver) flush() (busy bool) {
	for _, p := range d.programs {
		if !p.full {
			p.flush()
		}
	}
	d.wire.flush()
	return false
}

// drain does what the table says is to be done. Doing it may give the table more to say.
func (d *Driver) drain() {
	if d.draining {
		return
	}
	d.draining = true
	defer func() { d.draining = false }()
	for a, ok := d.table.Next(); ok; a, ok = d.table.Next() {
		d.do(&a)
	}
}

func (d *Driver) do(a *table.Action) {
	switch a.Kind {
	case table.ToSDK:
		d.programs[a.SDK].send(&a.Message)
	case table.Transmit:
		d.wire.transmit(a.SDK, &a.Message)
	case table.Dial:
		d.answer(a.App, a.SDK, a.Message.Conn)
	case table.Report:
		d.cfg.Log(a.Text)
	default:
		if app := d.apps[a.App]; app != nil {
			app.do(a)
		}
	}
}

// endAll resets the applications' connections.
func (d *Driver) endAll() {
	for _, a := range d.apps {
		a.reset()
	}
}
