package simnet

import (
	"flag"
	"fmt"
	"strconv"
	"sync"
	"testing"
)

var (
	seedFlag    = flag.Int64("seed", -1, "run this seed only, and print its scenario")
	seedsFlag   = flag.String("seeds", "", "run these seeds: a number of them, or first:count")
	captureFlag = flag.String("pcapng", "", "write the packets of -seed, or of the first seed of TestCell, to this file")
)

// What TestSeeds runs by default.
const (
	seeds     = 1000
	raceSeeds = 60
	group     = 20
)

// TestSeeds runs scenarios drawn from seeds. Everything that package simnet checks is checked in each.
//
//	go test ./internal/simnet -run TestSeeds -seed 1234 -pcapng /tmp/1234.pcapng
//	go test ./internal/simnet -run TestSeeds -seeds 1000:50000 -timeout 1h
func TestSeeds(t *testing.T) {
	if *seedFlag >= 0 {
		runSeed(t, uint64(*seedFlag))
		return
	}
	count := seeds
	if race {
		count = raceSeeds
	}
	first, count := seedRange(t, count)
	var mu sync.Mutex
	var total census
	t.Run("all", func(t *testing.T) {
		for i := first; i < first+count; i += group {
			last := min(i+group, first+count) - 1
			t.Run(fmt.Sprintf("%d-%d", i, last), func(t *testing.T) {
				t.Parallel()
				for s := i; s <= last; s++ {
					n := checkSeed(t, uint64(s))
					mu.Lock()
					total.add(n)
					mu.Unlock()
				}
			})
		}
	})
	t.Log(&total)
	if count >= seeds {
		total.checkComplete(t)
	}
}

// seedRange returns which seeds to run: those that -seeds asks for, else the first count.
func seedRange(t *testing.T, count int) (int, int) {
	t.Helper()
	first := 0
	if *seedsFlag == "" {
		return first, count
	}
	if _, err := fmt.Sscanf(*seedsFlag, "%d:%d", &first, &count); err == nil {
		return first, count
	}
	count, err := strconv.Atoi(*seedsFlag)
	if err != nil {
		t.Fatalf("-seeds %s: want a number of seeds, or first:count", *seedsFlag)
	}
	return 0, count
}

// checkSeed runs a seed and reports if it fails.
func checkSeed(t *testing.T, seed uint64) *Net {
	build := Draw(FromSeed(seed), MaxBytes).Build
	n := build()
	if err := n.Finish(); err != nil {
		command := fmt.Sprintf("go test ./internal/simnet -run '^TestSeeds$' -seed %d", seed)
		t.Errorf("seed %d: %s", seed, explain(strconv.FormatUint(seed, 10), build, err, command))
	}
	return n
}

// runSeed is for looking at a single seed.
func runSeed(t *testing.T, seed uint64) {
	scenario := Draw(FromSeed(seed), MaxBytes)
	t.Log(scenario)
	if *captureFlag == "" {
		n := checkSeed(t, seed)
		t.Logf("%d packets in %v", n.packets, n.Elapsed())
		return
	}
	if err := record(*captureFlag, scenario.Build); err != nil {
		t.Error(err)
	}
	t.Logf("packets in %s", *captureFlag)
}

// TestSameSeedSamePackets runs seeds twice and compares every byte of every packet, and its time.
func TestSameSeedSamePackets(t *testing.T) {
	count := 30
	if race {
		count = 3
	}
	for seed := range uint64(count) {
		first, err := digest(Draw(FromSeed(seed), MaxBytes).Build())
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		second, err := digest(Draw(FromSeed(seed), MaxBytes).Build())
		if err != nil || first != second {
			t.Fatalf("seed %d: the second run differs from the first: %v", seed, err)
		}
		if other, _ := digest(Draw(FromSeed(seed+1), MaxBytes).Build()); other == first {
			t.Fatalf("seeds %d and %d give the same packets", seed, seed+1)
		}
	}
}

// FuzzScenario turns bytes into scenarios.
func FuzzScenario(f *testing.F) {
	f.Add([]byte{})
	for seed := range uint64(8) {
		b := make([]byte, 512)
		src := FromSeed(seed)
		for i := range b {
			b[i] = byte(src.Uint64N(256))
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		build := Draw(FromBytes(b), 20_000).Build
		if err := build().Finish(); err != nil {
			t.Error(explain("fuzz", build, err, "go test ./internal/simnet -run FuzzScenario (see below)"))
		}
	})
}
