package bench

import (
	"cmp"
	"slices"
)

// LossTotal is what all cases together come to.
type LossTotal struct {
	Mean        float64 // geometric, of the ratios
	Least       LossLine
	Below1      []LossLine // worst first
	Below09     int
	Latest      LossLine // whose path was latest
	Own, Kernel Counts
}

// Total sums up lines, of which there is at least one.
func Total(lines []LossLine) LossTotal {
	t := LossTotal{Least: lines[0], Latest: lines[0]}
	var ratios []float64
	for _, l := range lines {
		ratios = append(ratios, l.Ratio)
		if l.Ratio < t.Least.Ratio {
			t.Least = l
		}
		if l.Late > t.Latest.Late {
			t.Latest = l
		}
		if l.Ratio < 1 {
			t.Below1 = append(t.Below1, l)
		}
		if l.Ratio < 0.9 {
			t.Below09++
		}
		o, k := l.OwnFigures, l.KernelFigures
		t.Own.Add(Counts{Packets: o.Packets, Retransmits: o.Retransmits, Spurious: o.Spurious})
		t.Kernel.Add(Counts{Packets: k.Packets, Retransmits: k.Retransmits, Spurious: k.Spurious})
	}
	slices.SortStableFunc(t.Below1, func(a, b LossLine) int { return cmp.Compare(a.Ratio, b.Ratio) })
	t.Mean = GeometricMean(ratios)
	return t
}
