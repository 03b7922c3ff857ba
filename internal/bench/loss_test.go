package bench

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/antedon-net/antedon/tcp/congestion"
)

// TestLossRun measures a short transfer of every kind on paths that lose packets.
func TestLossRun(t *testing.T) {
	p := LossPlan{
		Cells:    Grid([]float64{0, 5}, []time.Duration{2 * time.Millisecond, 10 * time.Millisecond}, []float64{0}),
		Dirs:     []Dir{Send, Recv},
		Seeds:    []uint64{1},
		CC:       Algorithms{Antedon: congestion.DefaultName, Kernel: congestion.DefaultName},
		Link:     Link{Rate: 20e6},
		AtLeast:  500 * time.Millisecond,
		Parallel: 4,
		Capture:  t.TempDir(),
	}
	rounds := make(map[Cell]LossRound)
	if err := p.Run(t.Context(), func(r LossRound) { rounds[r.Cell] = r }); err != nil {
		t.Fatal(err)
	}
	if len(rounds) != p.Rounds() {
		t.Errorf("%d rounds, want %d", len(rounds), p.Rounds())
	}
	arrived := make(map[Dir]float64)
	for cell, r := range rounds {
		if len(r.Results) != 4 || len(r.RTT) != 3 {
			t.Errorf("%v: %d results and %d round trips, want 4 and 3", cell, len(r.Results), len(r.RTT))
		}
		for dir, res := range r.Results {
			checkResult(t, cell, dir, &res)
			arrived[dir] += res.Goodput
			checkCapture(t, filepath.Join(p.Capture, captureName(job{cell: cell, seed: r.Seed}, dir)), res.Link.Lost > 0)
			if dir != Again && r.RTT[dir] < cell.RTT {
				t.Errorf("%v, %s: a ping took %v", cell, dir, r.RTT[dir])
			}
		}
		for _, l := range p.Summarise([]LossRound{r}) {
			if l.Ratio <= 0 || l.Cell() != cell || l.Rounds != 1 || l.Error != "" {
				t.Errorf("%v: summary %+v", cell, l)
			}
		}
	}
	for _, dir := range p.dirs() {
		if arrived[dir] == 0 { // a machine busy elsewhere may stop one transfer, but not all
			t.Errorf("%s: nothing arrived in any cell", dir)
		}
	}
}

// checkCapture checks that a capture is there and says of the packets that were lost, if any, that they were.
func checkCapture(t *testing.T, name string, lost bool) {
	t.Helper()
	comment := binary.NativeEndian.AppendUint16(nil, 1) // opt_comment
	comment = append(binary.NativeEndian.AppendUint16(comment, 4), "lost"...)
	file, err := os.ReadFile(name)
	if err != nil {
		t.Error(err)
	} else if got := bytes.Contains(file, comment); got != lost {
		t.Errorf("%s: packets marked as lost: %v, want %v", name, got, lost)
	}
}

// TestSummarise: medians are of ratios to the mean of the kernel's two transfers.
func TestSummarise(t *testing.T) {
	cell := Cell{1, 20 * time.Millisecond, 0}
	round := func(seed uint64, kernel, again, send float64) LossRound {
		own := Counts{Packets: 100, Retransmits: 3, Spurious: 1}
		return LossRound{Cell: cell, Seed: seed, Results: map[Dir]Result{
			Without: {Goodput: kernel, Counts: Counts{Packets: 50, Retransmits: 2}}, Again: {Goodput: again},
			Send: {Goodput: send, Counts: own},
		}}
	}
	p := LossPlan{Dirs: []Dir{Send}, AtLeast: time.Second, CC: Algorithms{"a", "k"}}
	rounds := []LossRound{round(1, 9e6, 11e6, 12e6), round(2, 8e6, 8e6, 4e6), round(3, 4e6, 4e6, 3e6)}
	l := p.Summarise(rounds)[0]
	want := LossLine{
		Bench: "loss", Stack: Antedon, Rounds: 3, Seconds: 1, Ratio: 0.75, MinRatio: 0.5, MaxRatio: 1.2, Spread: 0.2,
		LossCase:      LossCase{Loss: 1, RTT: 20, Dir: Send, CC: "a", KernelCC: "k"},
		OwnFigures:    OwnFigures{Goodput: 4, Packets: 300, Retransmits: 9, Spurious: 3},
		KernelFigures: KernelFigures{Goodput: 8, Packets: 150, Retransmits: 6},
	}
	if l != want {
		t.Errorf("got\n%+v, want\n%+v", l, want)
	}
	if l := p.Each(rounds[0])[0]; l.Round != 1 || l.Ratio != 1.2 {
		t.Errorf("a round: got %+v", l)
	}
	total := Total([]LossLine{{Ratio: 0.5}, {Ratio: 2, OwnFigures: OwnFigures{Packets: 3}}, {Ratio: 0.95}, {Ratio: 1}})
	if math.Abs(total.Mean-math.Pow(0.95, 0.25)) > 1e-9 || total.Least.Ratio != 0.5 || len(total.Below1) != 2 || total.Below09 != 1 || total.Own.Packets != 3 {
		t.Errorf("total: got %+v", total)
	}
}

// checkResult checks what must hold whatever the speed.
func checkResult(t *testing.T, cell Cell, name Dir, r *Result) {
	c, l := r.Counts, r.Link
	switch {
	case r.Err != nil:
		t.Errorf("%v, %s: %v", cell, name, r.Err)
	case float64(c.Bytes)*8 < r.Goodput*cell.duration(500*time.Millisecond).Seconds():
		t.Errorf("%v, %s: the application read more than was sent: %v, %+v", cell, name, r.Goodput, c)
	case c.Lost > l.Lost+l.Overflowed || c.Packets > l.Packets || c.Retransmits > c.Packets || c.Spurious > c.Retransmits:
		t.Errorf("%v, %s: the observer saw more than the link: %+v, %+v", cell, name, c, l)
	case cell.Loss == 0 && l.Lost != 0:
		t.Errorf("%v, %s: %d packets lost by chance", cell, name, l.Lost)
	}
}

// TestUnknownAlgorithm: an algorithm that is not to be had is named before anything is measured.
func TestUnknownAlgorithm(t *testing.T) {
	for _, cc := range []Algorithms{{"no-such", "reno"}, {congestion.DefaultName, "no-such"}} {
		p := LossPlan{CC: cc}
		if err := p.Run(t.Context(), nil); err == nil {
			t.Errorf("%+v: no error", cc)
		}
	}
}
