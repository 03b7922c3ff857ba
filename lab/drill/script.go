package drill

import (
	"fmt"
	"strings"
	"time"

	"github.com/antedon-net/antedon/lab/exp4"
)

// A Level says who has to pass a script.
type Level string

const (
	Base Level = "base" // every TCP that carries connections
	Full Level = "full" // one that does what RFC 9293 asks for, and what goes with it
)

// A Script is what a file says.
type Script struct {
	Name  string
	Title string
	About string
	Level Level
	IRS   uint32 // the drill's initial sequence number

	// Incoming says that the drill opens the connections: the script is for programs that can be called.
	Incoming bool

	Steps []Step
	Text  string // the file
}

// A Rule is what an RFC says on the steps behind it.
type Rule struct {
	RFC     int    `json:"rfc"`
	Section string `json:"section"`
	Quote   string `json:"quote"`
}

func (r *Rule) String() string { return fmt.Sprintf("RFC %d, Section %s", r.RFC, r.Section) }

// A Step is one statement that does something.
type Step struct {
	Line    int    // in the file
	Text    string // as written, without the explanation
	Explain string // why it is expected
	Rule    *Rule  // nil if none was quoted
	conn    int    // which connection it is about, from 1
	do      action

	// stage counts what is expected while a connection is established, from 1; 0 is what comes later. Who fails there fails
	// in every script.
	stage int
}

// An action is what a step does.
type action interface {
	do(r *run, c *conversation) *Failure
}

// call is what the driver asks of the program.
type call struct {
	flags exp4.Flags
	data  text
}

// inject is a segment to the program.
type inject struct{ seg *segment }

// pause lets time pass.
type pause struct{ d time.Duration }

// silence expects the program to say nothing new.
type silence struct {
	d       time.Duration
	butACKs bool // bare ones do not count
	total   bool // what was said before counts too
}

// expect waits for one of several things.
type expect struct {
	options   []option
	within    time.Duration
	notBefore time.Duration // since the step before
	backsOff  bool          // and later than what was expected before
}

// option is a segment or a call of the program.
type option struct {
	seg    *segment // nil for a call
	pieces bool     // the segment may come in several
	most   int      // bytes in each of them; 0 for any number
	flags  exp4.Flags
	data   text
}

// defaultWithin is how long the program may take if the script does not say.
const defaultWithin = 5 * time.Second

// longest bounds every time in a script.
const longest = time.Minute

// Calls by their names in the SDKs.
var (
	toProgram = map[string]exp4.Flags{
		"app_connect": exp4.Connect, "app_send": exp4.Data, "app_fin": exp4.FIN, "app_rst": exp4.RST,
	}
	fromProgram = map[string]exp4.Flags{
		"app_connected": exp4.Connect, "app_recv": exp4.Data, "app_peer_fin": exp4.FIN, "app_peer_rst": exp4.RST,
		"release_connection": exp4.Release, "peer_connected": exp4.PeerConnect,
	}
)

// Summary returns name, level and title in a line.
func (s *Script) Summary() string { return fmt.Sprintf("%-26s %-4s  %s", s.Name, s.Level, s.Title) }

// establish is what the statement of that name stands for. %s are the fields of the SYN,ACK that it names.
const establish = `rfc 9293 3.5 "The "three-way handshake" is the procedure used to establish a connection."
app_connect
--> <SEQ=ISS><CTL=SYN>
    ! An application wants a connection: app_connect has to send a SYN.
<-- <SEQ=IRS><ACK=ISS+1><CTL=SYN,ACK>%s
--> <SEQ=ISS+1><ACK=IRS+1><CTL=ACK>
    ! A SYN,ACK that acknowledges your SYN has to be acknowledged.
app_connected
    ! The connection is established: the application has to be told, by app_connected.
`

// called is what establish stands for if the drill opens.
const called = `rfc 9293 3.5 "The "three-way handshake" is the procedure used to establish a connection."
<-- <SEQ=IRS><CTL=SYN>%s
--> <SEQ=ISS><ACK=IRS+1><CTL=SYN,ACK>
    ! Somebody wants a connection: peer_connect has to answer the SYN.
<-- <SEQ=IRS+1><ACK=ISS+1><CTL=ACK>
peer_connected
    ! The connection is established: peer_connected, so that the application is called.
`

// normal is text with one space where there were several.
func normal(text string) string { return strings.Join(strings.Fields(text), " ") }
