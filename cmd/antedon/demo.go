package main

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/antedon-net/antedon/internal/demo"
	"github.com/antedon-net/antedon/internal/meter"
	"github.com/antedon-net/antedon/internal/netlab"
)

// demoSummary is the last line of the command with --json.
type demoSummary struct {
	Summary bool      `json:"summary"`
	OK      bool      `json:"ok"`
	Passed  int       `json:"passed"`
	Failed  int       `json:"failed"`
	Seconds float64   `json:"seconds"`
	Link    demo.Link `json:"link"`
}

func newDemo() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show the stack at work beside the kernel's own: no root, no network needed",
		Long: "Show the stack at work, in a private network namespace, without root and without touching this machine's network.\n" +
			"The kernel's TCP (curl, if installed) fetches from our HTTP server and we fetch from the kernel's, a stream goes\n" +
			"each way with its speed beside the kernel's own, and both sides ping. It exits 0 if everything arrived intact.",
		Example: "  antedon demo\n  antedon demo --json",
		Args:    positional(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if code, done, err := netlab.Isolate(); done {
				if err == nil && code != 0 {
					err = exitCode(code)
				}
				return err
			}
			return runDemo(cmd.Context(), cmd.OutOrStdout(), asJSON)
		},
	}
	addJSON(cmd, &asJSON)
	return cmd
}

func runDemo(ctx context.Context, out io.Writer, asJSON bool) error {
	start := time.Now()
	d, err := demo.New()
	if err != nil {
		return err
	}
	p := &demoPrinter{out: out, json: asJSON}
	sum := demoSummary{Summary: true, Link: d.Link()}
	p.head(&sum.Link)
	for c := range d.Checks(ctx) {
		if c.OK {
			sum.Passed++
		} else {
			sum.Failed++
		}
		p.check(&c)
	}
	err = d.Close()
	if ctx.Err() != nil {
		return errInterrupted
	}
	if err != nil {
		return fmt.Errorf("the stack did not close in order: %w", err)
	}
	sum.OK, sum.Seconds = sum.Failed == 0, time.Since(start).Seconds()
	if err := p.foot(&sum); err != nil {
		return err
	}
	if !sum.OK {
		return fmt.Errorf("%d of %d checks failed", sum.Failed, sum.Passed+sum.Failed)
	}
	return nil
}

// demoPrinter prints for people, or JSON lines.
type demoPrinter struct {
	out  io.Writer
	json bool
	err  error // the first
}

func (p *demoPrinter) printf(format string, args ...any) {
	if _, err := fmt.Fprintf(p.out, format, args...); p.err == nil {
		p.err = err
	}
}

func (p *demoPrinter) printJSON(v any) {
	if err := printJSON(p.out, v); p.err == nil {
		p.err = err
	}
}

func (p *demoPrinter) head(l *demo.Link) {
	if p.json {
		return
	}
	offload := "no offload"
	if l.Offload {
		offload = "segmentation and checksum offload"
	}
	p.printf(`antedon demo: a TCP/IP stack in user space, beside the kernel's own

  link    %s (%s), MTU %d, %s; in a private network namespace
  us      %s
  kernel  %s

`, l.Device, l.Kind, l.MTU, offload, addresses(l.Ours), addresses(l.Kernel))
}

// addresses lists the addresses of prefixes.
func addresses(list []netip.Prefix) string {
	parts := make([]string, len(list))
	for i, p := range list {
		parts[i] = p.Addr().String()
	}
	return strings.Join(parts, "  ")
}

func (p *demoPrinter) check(c *demo.Check) {
	if p.json {
		p.printJSON(c)
		return
	}
	what, result := p.describe(c)
	mark := "ok  "
	if !c.OK {
		mark, result = "FAIL", c.Error
	}
	p.printf("  %s  %s  %-42s  %s\n", mark, c.IP, what, result)
}

// describe puts a check and its result into words.
func (p *demoPrinter) describe(c *demo.Check) (what, result string) {
	ours := c.From == demo.Antedon
	switch c.Kind {
	case "ping":
		return either(ours, "ping: we ask, the kernel answers", "ping: the kernel asks, we answer"), fmt.Sprintf("%.3f ms", c.MS)
	case "http":
		client := either(c.Client == "curl", "curl", "the kernel (no curl here)")
		return either(ours, "HTTP: we fetch from the kernel", "HTTP: "+client+" fetches from us"),
			fmt.Sprintf("%s in %.0f ms, SHA-256 agrees", meter.FormatBytes(c.Bytes), c.MS)
	case "bulk":
		return either(ours, "TCP stream: we send to the kernel", "TCP stream: the kernel sends to us"),
			fmt.Sprintf("%s, kernel to kernel %s (x%.2f)", meter.FormatRate(c.Gbps*1e9), meter.FormatRate(c.KernelGbps*1e9), c.Ratio)
	}
	return c.Kind, ""
}

func (p *demoPrinter) foot(sum *demoSummary) error {
	if p.json {
		p.printJSON(sum)
		return p.err
	}
	p.printf(`
  %d of %d checks passed in %.1f s. Every byte of the streams was compared. "Kernel to kernel" is the same program on the
  kernel's sockets at both ends of a pair of veths with all offloads, measured just before.
`, sum.Passed, sum.Passed+sum.Failed, sum.Seconds)
	return p.err
}
