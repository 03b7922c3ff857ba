package tundev

import (
	"encoding/json"
	"net/netip"
	"reflect"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/internal/netlab"
)

// What needs a namespace is tested by cmd/antedon, whose command "tun" this package is.

func parsePrefixes(list ...string) []netip.Prefix {
	var out []netip.Prefix
	for _, s := range list {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}

func TestAlias(t *testing.T) {
	ours := parsePrefixes("10.7.0.2/24", "fd07::2/64")
	if got := parseAlias(formatAlias(ours)); !reflect.DeepEqual(got, ours) {
		t.Errorf("got %v, want %v", got, ours)
	}
	for _, s := range []string{"", "uplink", "antedon", "antedon ", "antedon 10.7.0.2", "antedon 10.7.0.2/24,"} {
		if got := parseAlias(s); got != nil {
			t.Errorf("%q: got %v, want nothing", s, got)
		}
	}
}

func TestBeyond(t *testing.T) {
	kernel := parsePrefixes("10.7.0.1/24", "fd07::1/64")
	ours := parsePrefixes("10.7.0.2/24", "192.0.2.9/24", "fd08::2/64")
	want := parsePrefixes("192.0.2.9/32", "fd08::2/128", "198.51.100.1/32")
	if got := Beyond(kernel, ours, netip.MustParseAddr("198.51.100.1")); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := Beyond(kernel, ours[:1], netip.MustParseAddr("10.7.0.2")); got != nil {
		t.Errorf("got %v, want no routes", got)
	}
}

func TestGuests(t *testing.T) {
	p := Plan{
		Kernel: parsePrefixes("10.7.0.1/24"), Ours: parsePrefixes("10.8.0.2/24"),
		Routes: parsePrefixes("192.0.2.7/24", "0.0.0.0/0"),
	}
	if got, want := p.guests(), parsePrefixes("10.7.0.0/24", "10.8.0.2/32", "192.0.2.0/24"); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// testRecord is a record as Up writes it.
func testRecord() *Record {
	return &Record{
		Plan:  Plan{Name: "tun0", Kernel: parsePrefixes("10.7.0.1/24"), Ours: parsePrefixes("10.7.0.2/24"), MTU: 1500, NAT: AnyInterface},
		Index: 7, Namespace: 42,
		Undo: []netlab.Undo{netlab.DeleteLink("tun0", 7), netlab.DeleteTable(unix.NFPROTO_INET, "antedon-tun0")},
	}
}

func TestParseRecord(t *testing.T) {
	want := testRecord()
	b, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := parseRecord(b, "tun0", 42)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	for _, tt := range []struct {
		name      string
		namespace uint64
	}{{"tun1", 42}, {"tun0", 43}} {
		if _, err := parseRecord(b, tt.name, tt.namespace); err == nil {
			t.Errorf("the record is believed for %s in namespace %d", tt.name, tt.namespace)
		}
	}
	for _, u := range []netlab.Undo{
		{}, netlab.DeleteLink("tun0", 8), netlab.DeleteLink("lo", 7), netlab.DeleteTable(unix.NFPROTO_INET, "filter"),
		netlab.DeleteTable(unix.NFPROTO_IPV4, "antedon-tun0"), netlab.RemoveFile("/etc/passwd"),
		netlab.DeleteRule(unix.AF_INET, 100, 77),
	} {
		r := testRecord()
		r.Undo = append(r.Undo, u)
		b, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parseRecord(b, "tun0", 42); err == nil {
			t.Errorf("%v is believed", u)
		}
	}
}

// FuzzParseRecord: whatever is in the file, only steps of Up's are taken from it.
func FuzzParseRecord(f *testing.F) {
	b, err := json.Marshal(testRecord())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(`{"name":"tun0","index":1,"namespace":42,"undo":[{"op":"restore sysctl","name":"net/ipv4/conf/all/forwarding","value":"0"}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := parseRecord(b, "tun0", 42)
		if err != nil {
			return
		}
		for _, u := range r.Undo {
			if !r.mayUndo(u) || u.Name != "tun0" && u.Name != "antedon-tun0" && !isForwarding(u) {
				t.Errorf("%v is believed", u)
			}
		}
	})
}
