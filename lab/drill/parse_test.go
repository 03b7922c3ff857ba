package drill

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSyntaxErrors: whatever is wrong is said with its place.
func TestSyntaxErrors(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"", "x:1:1: there are no steps"},
		{"title a\ntitle b", "x:2:1: title twice"},
		{"title", "x:1:6: title of what?"},
		{"level hard", "x:1:7: level hard: want base or full"},
		{"app_fin\nincoming", "x:2:1: incoming belongs before the first step"},
		{"irs 4294967296", "x:1:5: irs 4294967296: want a number below 2^32"},
		{"app_fin\nlevel full", "x:2:1: level belongs before the first step"},
		{"app_fin\n\n# so\nrfc x", "x:4:5: want the number of an RFC"},
		{`rfc 9293 here "so"`, "x:1:10: want a section, such as 3.10.7.4"},
		{"rfc 9293 3.5 so", "x:1:14: want what the RFC says, in quotes"},
		{"connection 0", "x:1:12: want the number of a connection, 1 to 9"},
		{"frobnicate", `x:1:1: "frobnicate" is no statement`},
		{"app_send", `x:1:9: want a number of bytes, or "text"`},
		{`app_send "so`, `x:1:10: this is no text in quotes`},
		{"app_send 1..2", "x:1:10: want one number"},
		{"app_send 100000", "x:1:10: want 0 to 60000 bytes"},
		{"app_fin now", `x:1:9: "now" is not expected here`},
		{"wait long", "x:1:6: want a time, such as 300ms or 5s, at most a minute"},
		{"wait 2m", "x:1:6: want a time, such as 300ms or 5s, at most a minute"},
		{"nothing 1s", "x:1:8: want: nothing [at all | but ACKs] for TIME"},
		{"--> ", "x:1:4: want a segment, or a call such as app_connected"},
		{"<-- ", "x:1:4: a segment is expected here, such as <SEQ=ISS><CTL=SYN>"},
		{"--> <SEQ=ISS", "x:1:5: this field does not end in >"},
		{"--> <SEQ=ISS><SEQ=ISS>", "x:1:15: <SEQ> twice"},
		{"--> <SEQ=ISS>\n    <KTL=SYN>", "x:2:6: <KTL> is nothing to expect: want SEQ, ACK, CTL, WND, DATA, URG, MSS, WS or SACKOK"},
		{"<-- <SEQ=IRS><KTL=SYN>", "x:1:15: <KTL> is no field: want SEQ, ACK, CTL, WND, DATA, URG, MSS, WS, SACKOK, OPT, OFFSET, CUT or CHECKSUM=bad"},
		{"--> <SEQ=ISS>", "x:1:5: this segment has no <CTL=…>; <CTL=> means that no control bit is set"},
		{"<-- <CTL=SYN>", "x:1:5: this segment has no <SEQ=…>"},
		{"<-- <SEQ=IRS><CTL=ACK>", "x:1:5: this segment has the ACK bit, but no <ACK=…>"},
		{"<-- <SEQ=IRS..IRS+1><CTL=>", "x:1:6: <SEQ=IRS..IRS+1>: want one value"},
		{"<-- <SEQ=IRS><CTL=SYN,ACK?>", "x:1:15: <CTL=SYN,ACK?>: ACK? makes sense in what is expected only"},
		{"<-- <SEQ=IRS><CTL=PUSH>", `x:1:15: <CTL=PUSH>: "PUSH" is no control bit`},
		{"<-- <SEQ=IRS><CTL=><OPT=5>", "x:1:21: <OPT=5>: encoding/hex: odd length hex string"},
		{"<-- <SEQ=IRS><CTL=><OPT=" + strings.Repeat("01", 41) + ">", "x:1:5: these options take more than 40 bytes"},
		{"--> <SEQ=ISN><CTL=>", `x:1:6: <SEQ=ISN>: "ISN" is neither a number nor one of ISS, IRS, SND.UNA, SND.NXT, RCV.NXT`},
		{"--> <SEQ=ISS+><CTL=>", `x:1:6: <SEQ=ISS+>: a number is missing in "ISS+"`},
		{"--> <SEQ=ISS..><CTL=>", `x:1:6: <SEQ=ISS..>: "ISS.." has no end, and sequence numbers go round`},
		{"--> <SEQ?=1><CTL=>", "x:1:6: <SEQ?>: only <MSS?=…> and <WS?=…> that are expected may be missing"},
		{"--> <SEQ=1><CUT=1><CTL=>", "x:1:13: <CUT> makes sense in segments to the program only"},
		{"--> <SEQ=1><CTL=> within", "x:1:25: want a time, such as 300ms or 5s, at most a minute"},
		{"--> <SEQ=1><CTL=> not before 6s", "x:1:32: not before 6s and within 5s cannot both be"},
		{"--> <CTL=><DATA=5> in pieces", "x:1:20: what comes in pieces needs a SEQ and a length"},
		{"--> <SEQ=ISS><CTL=ACK><DATA=5> in pieces of at most none", "x:1:53: want a number of bytes"},
		{"app_recv 5 or app_peer_fin", "x:1:27: what comes in pieces cannot be one of several: they are not told apart"},
		{`app_recv ""`, "x:1:12: want at least one byte"},
		{"app_peer_fin or so", "x:1:17: want a segment, or a call such as app_connected"},
		{"app_fin !", "x:1:10: an explanation is missing behind !"},
		{"establish MSS", "x:1:11: want fields of the SYN,ACK, such as <MSS=1000>, or nothing"},
		{"establish <MSS=x>", `x:1:11: <MSS=x>: "x" is neither a number nor one of ISS, IRS, SND.UNA, SND.NXT, RCV.NXT`},
	} {
		_, err := Parse("x", tt.text)
		var syntax *SyntaxError
		if !errors.As(err, &syntax) || err.Error() != tt.want {
			t.Errorf("%q:\n got %v\nwant %s", tt.text, err, tt.want)
		}
	}
}

// TestShipped: what comes with the program can be read, explains itself, and has a name by which it is found.
func TestShipped(t *testing.T) {
	scripts := Shipped()
	if len(scripts) < 40 {
		t.Errorf("%d scripts, want at least 40", len(scripts))
	}
	names := make(map[string]bool)
	for _, s := range scripts {
		found, err := Find(s.Name)
		if err != nil || len(found) != 1 || found[0].Text != s.Text || names[s.Name] {
			t.Errorf("%s: %d are found, %v", s.Name, len(found), err)
		}
		names[s.Name] = true
		explained, ruled := false, false
		for _, step := range s.Steps {
			explained = explained || step.Explain != "" && step.Line > 0
			ruled = ruled || step.Rule != nil
		}
		if s.About == "" || s.Title == s.Name || !explained || !ruled {
			t.Errorf("%s does not say what it is about", s.Name)
		}
	}
	if all, base, full := mustFind(t, "all"), mustFind(t, "base"), mustFind(t, "full"); len(all) != len(scripts) || len(base)+len(full) != len(all) || len(full) < 10 || len(base) < 30 {
		t.Errorf("all %d, base %d, full %d", len(all), len(base), len(full))
	}
}

// TestFind: files and directories are found too.
func TestFind(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.drill"), []byte("app_fin\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{dir, filepath.Join(dir, "a.drill")} {
		if s, err := Find(name); err != nil || len(s) != 1 || s[0].Title != filepath.Join(dir, "a.drill") {
			t.Errorf("%s: got %v, %v", name, s, err)
		}
	}
	if _, err := Find(filepath.Join(dir, "none")); !errors.Is(err, ErrNoScript) {
		t.Errorf("got %v", err)
	}
	if _, err := Find(t.TempDir()); err == nil {
		t.Error("a directory without scripts is taken")
	}
}

// FuzzParse: every text is a script or an error with a place in it; what is a script can be read again.
func FuzzParse(f *testing.F) {
	for _, s := range Shipped() {
		f.Add(s.Text)
	}
	f.Add("--> <SEQ=ISS-4294967295..ISS><CTL=ACK,FIN?><DATA=\"\\x00>\"> in pieces\n  or app_recv 5 not before 1s")
	f.Add("<-- <SEQ=0><CTL=><OPT=01><CUT=0><OFFSET=99><MSS=99999>")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse("x", text)
		if err != nil {
			var syntax *SyntaxError
			if !errors.As(err, &syntax) || syntax.Line < 1 || syntax.Line > 1+strings.Count(text, "\n") || syntax.Col < 1 {
				t.Fatalf("%v", err)
			}
			return
		}
		for _, step := range s.Steps {
			if i, ok := step.do.(inject); ok {
				c := newConversation(1, exp4Conn(1), s.IRS, s.Incoming)
				c.inject(i.seg)
			}
		}
		var b strings.Builder
		s.excerpt(&b, s.Steps[0].Line)
	})
}
