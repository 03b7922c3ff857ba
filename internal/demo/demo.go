// Package demo shows the stack at work beside the kernel's own, in a private network namespace.
//
//	d, err := demo.New()
//	defer d.Close()
//	for check := range d.Checks(ctx) {
//		...
//	}
//
// A Demo is a lab with a stack on our end of its link. Its checks are, over IPv4 and IPv6: echo requests both ways, a
// document over HTTP both ways (to the kernel with curl if that is installed), and a stream both ways, whose speed stands
// beside the kernel's own: the same program, in the same run, between two kernels joined by a pair of veths.
//
// Nothing is taken on trust: documents are compared by SHA-256, streams byte by byte.
//
// Concurrency: a Demo belongs to one goroutine. It takes netlab.Init and netlab.Isolate.
package demo

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/netip"
	"os/exec"
	"strings"
	"time"

	"github.com/antedon-net/antedon"
	"github.com/antedon-net/antedon/internal/netlab"
	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/tun"
)

// Demo is a stack and two kernels in namespaces of their own.
type Demo struct {
	lab   *netlab.Lab
	pair  *netlab.Pair
	stack *antedon.Stack
	curl  string // "" if it is not installed
}

// New prepares a demo.
func New() (*Demo, error) {
	lab, err := netlab.New(netlab.Options{})
	if err != nil {
		return nil, err
	}
	d := &Demo{lab: lab}
	d.curl, _ = exec.LookPath("curl")
	if d.pair, err = netlab.NewPair(netlab.Options{}); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	d.stack, err = antedon.New(lab.Device(), antedon.Config{Addrs: lab.Options.Ours})
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// Close closes the stack in order, and takes everything away.
func (d *Demo) Close() error {
	var errs []error
	if d.stack != nil {
		errs = append(errs, d.stack.Close(context.Background()))
	}
	if d.pair != nil {
		errs = append(errs, d.pair.Close())
	}
	return errors.Join(append(errs, d.lab.Close())...)
}

// Link describes the scene.
type Link struct {
	Device  string         `json:"device"`
	Kind    string         `json:"kind"`
	MTU     int            `json:"mtu"`
	Offload bool           `json:"offload"` // segmentation and checksums
	Ours    []netip.Prefix `json:"ours"`
	Kernel  []netip.Prefix `json:"kernel"`
}

// Link returns the scene.
func (d *Demo) Link() Link {
	dev := d.lab.Device()
	kind := "packet socket on a veth"
	if _, ok := dev.(*tun.Device); ok {
		kind = "TUN"
	}
	return Link{
		Device: dev.Name(), Kind: kind, MTU: dev.MTU(), Offload: dev.Offload().Has(link.OffloadTSO),
		Ours: d.lab.Options.Ours, Kernel: d.lab.Options.Kernel,
	}
}

// Check is what came of one check. Which fields are set depends on its kind.
type Check struct {
	Kind   string `json:"check"` // "ping", "http" or "bulk"
	IP     string `json:"ip"`    // "IPv4" or "IPv6"
	From   string `json:"from"`  // who asks, or sends: "antedon", "kernel" or "curl"
	To     string `json:"to"`
	OK     bool   `json:"ok"`
	Error  string `json:"error,omitempty"`
	Client string `json:"client,omitempty"` // of http

	Bytes      int64   `json:"bytes,omitempty"`
	SHA256     string  `json:"sha256,omitempty"`
	MS         float64 `json:"ms,omitempty"`
	Gbps       float64 `json:"gbps,omitempty"`
	KernelGbps float64 `json:"kernel_gbps,omitempty"` // of the kernel with itself
	Ratio      float64 `json:"ratio,omitempty"`
}

// Who takes part.
const (
	Antedon = "antedon"
	Kernel  = "kernel"
)

// limit bounds a single check.
const limit = 10 * time.Second

// side is one version of IP.
type side struct {
	name         string
	ours, kernel netip.Addr
	rival        [2]netip.Addr // the two kernels
}

func (d *Demo) sides() []side {
	a := d.pair.A
	return []side{
		{"IPv4", d.lab.Ours4(), d.lab.Kernel4(), [2]netip.Addr{a.Kernel4(), a.Ours4()}},
		{"IPv6", d.lab.Ours6(), d.lab.Kernel6(), [2]netip.Addr{a.Kernel6(), a.Ours6()}},
	}
}

// Checks runs the checks, one after the other, and yields what came of each. It ends early when ctx is done.
func (d *Demo) Checks(ctx context.Context) iter.Seq[Check] {
	body := document()
	return func(yield func(Check) bool) {
		for _, s := range d.sides() {
			for _, check := range []func(context.Context) (Check, error){
				func(ctx context.Context) (Check, error) { return d.pingKernel(ctx, s) },
				func(ctx context.Context) (Check, error) { return d.pingUs(ctx, s) },
				func(ctx context.Context) (Check, error) { return d.serve(ctx, s, body) },
				func(ctx context.Context) (Check, error) { return d.fetch(ctx, s, body) },
				func(ctx context.Context) (Check, error) { return d.send(ctx, s) },
				func(ctx context.Context) (Check, error) { return d.receive(ctx, s) },
			} {
				c := runCheck(ctx, check)
				c.IP = s.name
				if ctx.Err() != nil || !yield(c) {
					return
				}
			}
		}
	}
}

func runCheck(ctx context.Context, check func(context.Context) (Check, error)) Check {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	c, err := check(ctx)
	c.OK = err == nil
	if err != nil {
		c.Error = strings.ReplaceAll(err.Error(), "\n", "; ")
		if ctx.Err() != nil {
			c.Error = fmt.Sprintf("not done within %v: %s", limit, c.Error)
		}
	}
	return c
}
