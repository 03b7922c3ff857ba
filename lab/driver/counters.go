package driver

import "github.com/antedon-net/antedon/lab/table"

// Counters counts what happened since the start.
type Counters struct {
	table.Counters

	BadDatagrams  uint64 `json:"bad_datagrams"`   // that could not be understood
	DroppedForSDK uint64 `json:"dropped_for_sdk"` // segments dropped because an SDK does not read
	Stalls        uint64 `json:"stalls"`          // times an SDK did not read for long
	BadChecksums  uint64 `json:"bad_checksums"`   // segments that came with a wrong checksum, and were dropped
	NotSent       uint64 `json:"not_sent"`        // segments that the kernel refused to send
	Joined        uint64 `json:"joined"`          // segments that left in a run, see Config.Offload
	Carried       uint64 `json:"carried"`         // connections that Antedon's own TCP carries
	Answered      uint64 `json:"answered"`        // calls that it carries
	Impaired      uint64 `json:"impaired"`        // segments that Config.Impair lost
}

// Counters returns the counters. It may be called from any goroutine, but not after Close.
func (d *Driver) Counters() Counters {
	got := make(chan Counters, 1)
	if d.loop.Post(func() { got <- d.count() }) != nil {
		<-d.done
		return d.count()
	}
	return <-got
}

// Attached returns how many SDKs are attached. It may be called from any goroutine.
func (d *Driver) Attached() int {
	got := make(chan int, 1)
	if d.loop.Post(func() { got <- d.status().SDKs }) != nil {
		return 0
	}
	return <-got
}

func (d *Driver) count() Counters {
	c := d.counters
	c.Counters = d.table.Counters()
	return c
}
