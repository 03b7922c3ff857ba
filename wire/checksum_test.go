package wire

import (
	"math/rand/v2"
	"net/netip"
	"strconv"
	"testing"
)

// naiveSum is RFC 1071, Section 1, word by word.
func naiveSum(b []byte) uint16 {
	var sum uint32
	for i := 0; i < len(b); i++ {
		if i%2 == 0 {
			sum += uint32(b[i]) << 8
		} else {
			sum += uint32(b[i])
		}
		sum = sum>>16 + sum&0xffff
	}
	return uint16(sum)
}

func randomBytes(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func TestChecksum(t *testing.T) {
	for _, tt := range []struct {
		name string
		b    []byte
		want uint16
	}{
		{"nothing", nil, 0xffff},
		{"one byte is the high half of a word", []byte{0x12}, ^uint16(0x1200)},
		{"the example of RFC 1071, Section 3", []byte{0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7}, ^uint16(0xddf2)},
		{"zeros", make([]byte, 100), 0xffff},
		{"ones sum to minus zero", []byte{0xff, 0xff, 0xff, 0xff}, 0},
		{"a header with its checksum", unhex(t, "4500003ce48c40004006d22bc0000201c0000202"), 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := Checksum(tt.b); got != tt.want {
				t.Errorf("Checksum = %#04x, want %#04x", got, tt.want)
			}
		})
	}
}

// Every length through all code paths, at every alignment, with bytes that carry as often as can be among them.
func TestChecksumAgainstNaive(t *testing.T) {
	const seed = 1
	r := rand.New(rand.NewPCG(seed, 0))
	random := randomBytes(r, 2100)
	ones := make([]byte, len(random))
	for i := range ones {
		ones[i] = 0xff
	}
	for name, b := range map[string][]byte{"random": random, "ones": ones} {
		for off := range 8 {
			for n := 0; n <= 1100; n++ {
				s := b[off : off+n]
				if got, want := Checksum(s), ^naiveSum(s); got != want {
					t.Fatalf("%s, offset %d, length %d: Checksum = %#04x, want %#04x", name, off, n, got, want)
				}
			}
		}
	}
	for _, n := range []int{65535, 65536, 1 << 20, 1<<20 + 1} {
		s := randomBytes(r, n)
		if got, want := Checksum(s), ^naiveSum(s); got != want {
			t.Errorf("length %d: Checksum = %#04x, want %#04x", n, got, want)
		}
	}
}

// However a segment is cut into slices, its checksum stays the same.
func TestTransportChecksumOfPieces(t *testing.T) {
	for seed := range uint64(500) {
		r := rand.New(rand.NewPCG(seed, 0))
		b := randomBytes(r, r.IntN(3000))
		pseudo := uint16(r.Uint32())
		want := ^naiveSum(append([]byte{byte(pseudo >> 8), byte(pseudo)}, b...))
		var pieces [][]byte
		for rest := b; len(rest) > 0; {
			n := r.IntN(min(len(rest), 200) + 1)
			pieces = append(pieces, rest[:n])
			rest = rest[n:]
		}
		if got := TransportChecksum(pseudo, pieces...); got != want {
			t.Fatalf("seed %d, %d pieces: TransportChecksum = %#04x, want %#04x", seed, len(pieces), got, want)
		}
	}
}

// A partial checksum, finished by the device, is the checksum.
func TestPartialChecksum(t *testing.T) {
	src, dst := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	segment := unhex(t, "94160050e48fff35000000000a02faf02dc50000020405b40402080a992289f4000000000103030a")
	segment[12] = 0xa0
	segment[16], segment[17] = 0, 0
	pseudo := PseudoSum(ProtoTCP, src, dst, len(segment))
	whole := TransportChecksum(pseudo, segment)
	segment[16], segment[17] = byte(pseudo>>8), byte(pseudo)
	if got := Checksum(segment); got != whole {
		t.Errorf("checksum over the partial field = %#04x, want %#04x", got, whole)
	}
	segment[16], segment[17] = byte(whole>>8), byte(whole)
	if !TransportChecksumOK(ProtoTCP, src, dst, segment) {
		t.Error("TransportChecksumOK = false for the checksum we computed")
	}
}

// req: RFC8200 8.1-1
func TestPseudoSum(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 0))
		length, proto := r.IntN(70000), Proto(r.Uint32())
		v4, v6 := randomBytes(r, 8), randomBytes(r, 32)
		tail := []byte{byte(length >> 24), byte(length >> 16), byte(length >> 8), byte(length), 0, 0, 0, byte(proto)}

		src, _ := netip.AddrFromSlice(v4[:4])
		dst, _ := netip.AddrFromSlice(v4[4:])
		if got, want := PseudoSum(proto, src, dst, length), naiveSum(append(v4, tail...)); got != want {
			t.Errorf("seed %d: PseudoSum over IPv4 = %#04x, want %#04x", seed, got, want)
		}
		src, _ = netip.AddrFromSlice(v6[:16])
		dst, _ = netip.AddrFromSlice(v6[16:])
		if got, want := PseudoSum(proto, src, dst, length), naiveSum(append(v6, tail...)); got != want {
			t.Errorf("seed %d: PseudoSum over IPv6 = %#04x, want %#04x", seed, got, want)
		}
	}
}

func FuzzChecksum(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 5}, uint16(7), 1, 2)
	f.Fuzz(func(t *testing.T, b []byte, pseudo uint16, i, j int) {
		i = int(uint(i) % uint(len(b)+1))
		j = i + int(uint(j)%uint(len(b)-i+1))
		want := ^naiveSum(append([]byte{byte(pseudo >> 8), byte(pseudo)}, b...))
		if got := TransportChecksum(pseudo, b[:i], b[i:j], b[j:]); got != want {
			t.Errorf("TransportChecksum = %#04x, want %#04x", got, want)
		}
	})
}

// BenchmarkChecksum compares the checksum with a copy of the same bytes:
//
//	go test -bench Checksum ./wire
func BenchmarkChecksum(b *testing.B) {
	for _, n := range []int{20, 40, 1460, 64240} {
		data := randomBytes(rand.New(rand.NewPCG(1, 0)), n)
		dst := make([]byte, n)
		b.Run("sum/"+strconv.Itoa(n), func(b *testing.B) {
			b.SetBytes(int64(n))
			b.ReportAllocs()
			for b.Loop() {
				Checksum(data)
			}
		})
		b.Run("copy/"+strconv.Itoa(n), func(b *testing.B) {
			b.SetBytes(int64(n))
			b.ReportAllocs()
			for b.Loop() {
				copy(dst, data)
			}
		})
	}
}
