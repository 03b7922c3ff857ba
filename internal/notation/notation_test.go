package notation

import "testing"

func TestNotation(t *testing.T) {
	for _, text := range []string{
		"<SEQ=1><ACK=101><WND=1000><DATA=100><CTL=ACK,PSH>",
		"<SEQ=-5><WND=0><CTL=RST>",
		"<SEQ=0><WND=65535><CTL=SYN><MSS=1460><WS=7><SACKOK><TS=0,0>",
		"<SEQ=0><WND=9><CTL=SYN><FO>", "<SEQ=0><WND=9><CTL=SYN><ECT0><FO=0123456789abcdef>",
		"<SEQ=1><ACK=1><WND=9><DATA=5000><GSO=1000><CTL=URG,ACK><URG=3><TS=100,-2><SACK=101:201,301:401>",
	} {
		s, err := Parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if got := s.String(); got != text {
			t.Errorf("got  %s\nwant %s", got, text)
		}
	}
	for _, text := range []string{"<SEQ=1", "<SEQ=one>", "<CTL=HUH>", "<WHAT=1>", "<SACK=1>", "<TS=1>"} {
		if _, err := Parse(text); err == nil {
			t.Errorf("%s: no error", text)
		}
	}
}
