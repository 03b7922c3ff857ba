package drill

import (
	"testing"

	"github.com/antedon-net/antedon/lab/exp4"
	"github.com/antedon-net/antedon/wire"
)

// TestStates: what is drawn has the states of the figures of RFC 9293.
func TestStates(t *testing.T) {
	type step struct {
		from any    // a segment of the fake, or one to it in a script
		want string // the states afterwards
	}
	open := []step{
		{syn, "SYN-SENT LISTEN"},
		{"<SEQ=IRS><ACK=ISS+1><CTL=SYN,ACK>", "ESTABLISHED SYN-RECEIVED"},
		{ackOfSYN, "ESTABLISHED ESTABLISHED"},
	}
	fin := sent(wire.FIN|wire.ACK, 1, 1, "")
	for _, tt := range []struct {
		name  string
		steps []step
	}{
		{"Figure 6", append(open, step{sent(wire.ACK, 1, 1, ""), "ESTABLISHED ESTABLISHED"})},
		{"Figure 7", []step{
			{syn, "SYN-SENT LISTEN"},
			{"<SEQ=IRS><CTL=SYN>", "SYN-RECEIVED SYN-SENT"},
			{sent(wire.SYN|wire.ACK, 0, 1, ""), "SYN-RECEIVED ESTABLISHED"},
			{"<SEQ=IRS><ACK=ISS+1><CTL=SYN,ACK>", "ESTABLISHED ESTABLISHED"},
		}},
		{"Figure 8", []step{
			{syn, "SYN-SENT LISTEN"},
			{"<SEQ=IRS><ACK=ISS-9><CTL=SYN,ACK>", "SYN-SENT LISTEN"},
			{sent(wire.RST, 1<<32-9, 0, ""), "SYN-SENT LISTEN"},
			{"<SEQ=IRS><ACK=ISS+1><CTL=SYN,ACK>", "ESTABLISHED SYN-RECEIVED"},
		}},
		{"Figure 12, TCP A", append(open,
			step{fin, "FIN-WAIT-1 ESTABLISHED"},
			step{"<SEQ=IRS+1><ACK=ISS+2><CTL=ACK>", "FIN-WAIT-2 CLOSE-WAIT"},
			step{"<SEQ=IRS+1><ACK=ISS+2><CTL=FIN,ACK>", "TIME-WAIT LAST-ACK"},
			step{sent(wire.ACK, 2, 2, ""), "TIME-WAIT CLOSED"})},
		{"Figure 12, TCP B", append(open,
			step{"<SEQ=IRS+1><ACK=ISS+1><CTL=FIN,ACK>", "CLOSE-WAIT FIN-WAIT-1"},
			step{sent(wire.ACK, 1, 2, ""), "CLOSE-WAIT FIN-WAIT-2"},
			step{sent(wire.FIN|wire.ACK, 1, 2, ""), "LAST-ACK FIN-WAIT-2"},
			step{"<SEQ=IRS+2><ACK=ISS+2><CTL=ACK>", "CLOSED TIME-WAIT"})},
		{"Figure 13", append(open,
			step{fin, "FIN-WAIT-1 ESTABLISHED"},
			step{"<SEQ=IRS+1><ACK=ISS+1><CTL=FIN,ACK>", "CLOSING FIN-WAIT-1"},
			step{sent(wire.ACK, 2, 2, ""), "CLOSING FIN-WAIT-2"}, // the drill takes a FIN when it acknowledges it
			step{"<SEQ=IRS+2><ACK=ISS+2><CTL=ACK>", "TIME-WAIT TIME-WAIT"})},
		{"refused", []step{{syn, "SYN-SENT LISTEN"}, {"<SEQ=0><ACK=ISS><CTL=RST,ACK>", "SYN-SENT LISTEN"}, {"<SEQ=0><ACK=ISS+1><CTL=RST,ACK>", "CLOSED LISTEN"}}},
		{"reset", append(open, step{"<SEQ=IRS+2><CTL=RST>", "ESTABLISHED ESTABLISHED"}, step{"<SEQ=IRS+1><CTL=RST>", "CLOSED CLOSED"})},
		{"reset by the program", append(open, step{say{flags: exp4.RST}, "CLOSED ESTABLISHED"}, step{sent(wire.RST, 1, 0, ""), "CLOSED CLOSED"})},
		{"what does not count", append(open,
			step{"<SEQ=IRS+1><ACK=ISS+1><CTL=FIN,ACK><CHECKSUM=bad>", "ESTABLISHED ESTABLISHED"},
			step{"<SEQ=IRS+1><ACK=ISS+7><CTL=FIN,ACK>", "ESTABLISHED ESTABLISHED"},
			step{"<SEQ=IRS+1><CTL=FIN>", "ESTABLISHED ESTABLISHED"},
			step{"<SEQ=IRS+1><ACK=ISS+1><CTL=FIN,ACK><CUT=19>", "ESTABLISHED ESTABLISHED"},
			step{"<SEQ=IRS+6><ACK=ISS+1><CTL=FIN,ACK>", "ESTABLISHED FIN-WAIT-1"}, // early
			step{"<SEQ=IRS+1><ACK=ISS+1><CTL=ACK><DATA=5>", "CLOSE-WAIT FIN-WAIT-1"})},
	} {
		c := newConversation(1, exp4Conn(0), defaultIRS, false)
		for _, s := range tt.steps {
			switch from := s.from.(type) {
			case say:
				m := from.message(c.name)
				c.take(&m)
			case string:
				seg, err := parseSegment(&cursor{file: tt.name, line: &splitLines(from)[0]}, false)
				if err != nil {
					t.Fatal(err)
				}
				c.inject(seg)
			}
			if last := c.log[len(c.log)-1]; last.A+" "+last.B != s.want {
				t.Errorf("%s: %s: got %s %s, want %s", tt.name, last.Text, last.A, last.B, s.want)
			}
		}
		if c.fault != nil {
			t.Errorf("%s: %+v", tt.name, c.fault)
		}
	}
}
