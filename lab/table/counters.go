package table

// Counters counts what happened since the start.
type Counters struct {
	Hellos      uint64 `json:"hellos"`
	Accepted    uint64 `json:"accepted"`     // connections that were captured
	Called      uint64 `json:"called"`       // connections that others began
	Connected   uint64 `json:"connected"`    // those of either kind that their SDK established
	Ended       uint64 `json:"ended"`        // in whatever way
	Released    uint64 `json:"released"`     // by their SDK
	Reclaimed   uint64 `json:"reclaimed"`    // done, but never released
	AppResets   uint64 `json:"app_resets"`   // ended by a failure of the application's side
	PeerResets  uint64 `json:"peer_resets"`  // ended by app_peer_rst
	Overflows   uint64 `json:"overflows"`    // reset because far too much waited for an application
	NoSDK       uint64 `json:"no_sdk"`       // reset at once: there was no SDK
	NoPort      uint64 `json:"no_port"`      // reset at once: no port was free
	NobodyHome  uint64 `json:"nobody_home"`  // calls refused at once: no SDK takes any
	Unanswered  uint64 `json:"unanswered"`   // calls given up: no peer_connected for too long
	Crowded     uint64 `json:"crowded"`      // calls given up: too many later ones had no peer_connected either
	Full        uint64 `json:"full"`         // calls not taken: their SDK has too many connections
	FromApp     uint64 `json:"from_app"`     // bytes read
	ToApp       uint64 `json:"to_app"`       // bytes of app_recv
	Sent        uint64 `json:"sent"`         // segments of tcp_tx that went out
	BadSent     uint64 `json:"bad_sent"`     // those among them with a wrong checksum
	Received    uint64 `json:"received"`     // segments handed to tcp_rx
	Paused      uint64 `json:"paused"`       // times an application had to wait for acknowledgments
	HeldBack    uint64 `json:"held_back"`    // segments delayed because the application does not read
	HeldDropped uint64 `json:"held_dropped"` // those for which there was no room
	Stray       uint64 `json:"stray"`        // segments for no connection
	Refused     uint64 `json:"refused"`      // those of them that were answered with a reset
	UnknownConn uint64 `json:"unknown_conn"` // calls for connections that are not the SDK's
	BeforeHello uint64 `json:"before_hello"` // messages of a program that has not said hello

	ForeignSegments uint64 `json:"foreign_segments"` // tcp_tx refused
	Mistakes        uint64 `json:"mistakes"`         // all that SDKs did wrong
}
