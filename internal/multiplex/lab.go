package multiplex

import "fmt"

// Experiment is a demonstration. Its texts are for who has never seen it.
type Experiment struct {
	Name, Title string
	Does        string // what it does
	Expect      string // what one would expect
	Why         string // why it comes out as it does, and where to read on
	run         func(*Outcome) error
}

// Experiments returns the three classic ones.
func Experiments() []Experiment {
	return []Experiment{selectExperiment, pollExperiment, edgeExperiment}
}

// Run makes the experiment. It fails where the machine does not allow it.
func (e *Experiment) Run() (Outcome, error) {
	o := Outcome{OK: true, Seen: []Observation{}}
	err := e.run(&o)
	return o, err
}

// Outcome is what happened.
type Outcome struct {
	Seen []Observation
	OK   bool // all was as it ought to be
}

// Observation is one thing that was seen.
type Observation struct {
	What string `json:"what"`
	Got  string `json:"got"`
	Want string `json:"want,omitempty"` // what there ought to be; empty if there is no one answer, as with times
	OK   bool   `json:"ok"`
}

// see notes what was seen, and whether it is what there ought to be.
func (o *Outcome) see(what string, got, want any) {
	s := Observation{What: what, Got: fmt.Sprint(got), Want: fmt.Sprint(want)}
	s.OK = s.Got == s.Want
	o.OK = o.OK && s.OK
	o.Seen = append(o.Seen, s)
}

// note notes what depends on the machine.
func (o *Outcome) note(what string, got any) {
	o.Seen = append(o.Seen, Observation{What: what, Got: fmt.Sprint(got), OK: true})
}
