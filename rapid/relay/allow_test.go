package relay

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
)

const cosEU = "s3.eu-de.cloud-object-storage.appdomain.cloud:443"

func TestAllowlist(t *testing.T) {
	l, err := parseAllowlist([]string{
		cosEU, "*.eu-gb.Cloud-Object-Storage.appdomain.cloud:443", "127.0.0.1:9000", "[::1]:9000", "minio.lan.:9000", "192.0.2.7:443",
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		destination string
		want        string // "" for refused
	}{
		{cosEU, cosEU},
		{strings.ToUpper(cosEU), cosEU},
		{"s3.eu-de.cloud-object-storage.appdomain.cloud.:443", cosEU},
		{"bucket.eu-gb.cloud-object-storage.appdomain.cloud:443", "bucket.eu-gb.cloud-object-storage.appdomain.cloud:443"},
		{"a.b.EU-GB.cloud-object-storage.appdomain.cloud.:443", "a.b.eu-gb.cloud-object-storage.appdomain.cloud:443"},
		{"127.0.0.1:9000", "127.0.0.1:9000"},
		{"[::1]:9000", "[::1]:9000"},
		{"[0:0:0:0:0:0:0:1]:9000", "[::1]:9000"},
		{"[::ffff:127.0.0.1]:9000", "127.0.0.1:9000"},
		{"[::ffff:7f00:1]:9000", "127.0.0.1:9000"},
		{"minio.lan:9000", "minio.lan:9000"},
		{"MINIO.LAN.:9000", "minio.lan:9000"},

		{"", ""},
		{":443", ""},
		{"s3.eu-de.cloud-object-storage.appdomain.cloud", ""},
		{"s3.eu-de.cloud-object-storage.appdomain.cloud:", ""},
		{"s3.eu-de.cloud-object-storage.appdomain.cloud:80", ""},
		{"s3.eu-de.cloud-object-storage.appdomain.cloud:0443", ""},
		{"s3.eu-de.cloud-object-storage.appdomain.cloud:+443", ""},
		{"s3.eu-de.cloud-object-storage.appdomain.cloud:443 ", ""},
		{"s3.eu-de.cloud-object-storage.appdomain.cloud:https", ""},
		{"s3.eu-de.cloud-object-storage.appdomain.cloud:65979", ""}, // 443 modulo 65536
		{"s3.eu-de.cloud-object-storage.appdomain.cloud..:443", ""},
		{".s3.eu-de.cloud-object-storage.appdomain.cloud:443", ""},
		{" s3.eu-de.cloud-object-storage.appdomain.cloud:443", ""},
		{"s3.eu-de.cloud-object-storage.appdomain.cloud:443:443", ""},
		{"s3.eu-de.cloud-object-storage.appdomain.cloud:443@evil.example:443", ""},
		{"s3.eu-de.cloud-object-storage.appdomain.cloud@evil.example:443", ""},
		{"evil.example:443#@s3.eu-de.cloud-object-storage.appdomain.cloud:443", ""},
		{"https://s3.eu-de.cloud-object-storage.appdomain.cloud:443", ""},
		{"[s3.eu-de.cloud-object-storage.appdomain.cloud]:443", ""},
		{"s3.eu-de.cloud-object-storage.appdomain.cloud\x00.evil.example:443", ""},
		{"s3.eu-de.cloud-object-storage.appdomain.cloud\n:443", ""},
		{"s3.eu-de.cloud-object-storage.appdomain。cloud:443", ""},
		{"evils3.eu-de.cloud-object-storage.appdomain.cloud:443", ""},
		{"s3.eu-de.cloud-object-storage.appdomain.cloud.evil.example:443", ""},
		{"eu-gb.cloud-object-storage.appdomain.cloud:443", ""},
		{".eu-gb.cloud-object-storage.appdomain.cloud:443", ""},
		{"*.eu-gb.cloud-object-storage.appdomain.cloud:443", ""},
		{"xeu-gb.cloud-object-storage.appdomain.cloud:443", ""},
		{"bucket.eu-gb.cloud-object-storage.appdomain.cloud:9000", ""},
		{"localhost:9000", ""},
		{"127.0.0.1:9001", ""},
		{"127.0.0.2:9000", ""},
		{"127.1:9000", ""},
		{"127.0.0.1.:9000", ""},
		{"0127.0.0.1:9000", ""},
		{"0x7f.0.0.1:9000", ""},
		{"0x7f000001:9000", ""},
		{"2130706433:9000", ""},
		{"[127.0.0.1]:9000", ""},
		{"::1:9000", ""},
		{"[::1%lo]:9000", ""},
		{"[::1%25lo]:9000", ""},
		{"[::]:9000", ""},
		{"0.0.0.0:9000", ""},
		{"169.254.169.254:80", ""},
		{strings.Repeat("a.", 127) + "com:443", ""},
		{strings.Repeat("a", 64) + ".eu-gb.cloud-object-storage.appdomain.cloud:443", ""},
		{strings.Repeat("x", 1<<20), ""},
	} {
		e, err := l.check(c.destination)
		if c.want == "" {
			if err == nil {
				t.Errorf("check(%.80q) allows %v", c.destination, e)
			} else if !errors.Is(err, ErrDestination) {
				t.Errorf("check(%.80q): %v, which is not ErrDestination", c.destination, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("check(%q): %v", c.destination, err)
		} else if got := e.String(); got != c.want {
			t.Errorf("check(%q) = %q, want %q", c.destination, got, c.want)
		}
	}
}

func TestAllowlistRefusesPatterns(t *testing.T) {
	for _, p := range []string{
		"", "*", "*:443", "*.com:443", "**.example.com:443", "a.*.example.com:443", "*.127.0.0.1:443", "*.[::1]:443",
		"example.com", "example.com:0", "https://example.com:443", "user@example.com:443", "10.0.0.0/8:443",
	} {
		if _, err := parseAllowlist([]string{p}); err == nil {
			t.Errorf("the pattern %q is accepted", p)
		}
	}
	if _, err := parseAllowlist(nil); err == nil {
		t.Error("an empty list is accepted")
	}
}

func TestAdmits(t *testing.T) {
	l, err := parseAllowlist([]string{cosEU, "10.1.2.3:9000", "127.0.0.1:9000", "[::1]:9000"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		addr string
		want bool
	}{
		{"158.175.0.1:443", true},
		{"161.26.0.17:443", true}, // COS's direct network
		{"10.0.0.5:443", true},    // a virtual private endpoint
		{"[2a02:cbf8::1]:443", true},
		{"127.0.0.1:9000", true}, // listed itself
		{"[::ffff:127.0.0.1]:9000", true},
		{"[::1]:9000", true},

		{"127.0.0.1:443", false},
		{"127.9.9.9:9000", false},
		{"0.0.0.0:443", false},
		{"0.1.2.3:443", false},
		{"169.254.169.254:443", false},
		{"169.254.0.1:443", false},
		{"100.100.100.200:443", false},
		{"168.63.129.16:443", false},
		{"192.0.0.192:443", false},
		{"224.0.0.1:443", false},
		{"255.255.255.255:443", false},
		{"240.0.0.1:443", false},
		{"[::1]:443", false},
		{"[::]:443", false},
		{"[fe80::1]:443", false},
		{"[fe80::1%eth0]:443", false},
		{"[ff02::1]:443", false},
		{"[fd00:ec2::254]:443", false},
		{"[::ffff:127.0.0.1]:443", false},
		{"[::ffff:169.254.169.254]:443", false},
		{"[::127.0.0.1]:443", false},
		{"[64:ff9b::127.0.0.1]:443", false},
		{"[64:ff9b::a9fe:a9fe]:443", false},
		{"[64:ff9b:1::a9fe:a9fe]:443", false},
		{"[2002:7f00:1::]:443", false},
		{"[2002:a9fe:a9fe::1]:443", false},
		{"[2001:0:a9fe:a9fe::]:443", false},
		{"[2001:0:808:808:0:0:5601:5601]:443", false}, // Teredo, 169.254.169.254 inverted
		{"[fd12::5efe:127.0.0.1]:443", false},
	} {
		if got := l.admits(netip.MustParseAddrPort(c.addr)); got != c.want {
			t.Errorf("admits(%s) = %v, want %v", c.addr, got, c.want)
		}
	}
}

// FuzzDestination: whatever is allowed is, read again, the same, and is on the
// list to the letter.
func FuzzDestination(f *testing.F) {
	l, err := parseAllowlist([]string{cosEU, "*.example.com:443", "127.0.0.1:9000"})
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{cosEU, "a.example.com.:443", "[::ffff:7f00:1]:9000", "a@b:443", "[::1%x]:1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		e, err := l.check(s)
		if err != nil {
			return
		}
		again, err := l.check(e.String())
		if err != nil || again != e {
			t.Errorf("%q is %v, which is %v, %v", s, e, again, err)
		}
		got := e.String()
		if got != cosEU && got != "127.0.0.1:9000" && !strings.HasSuffix(got, ".example.com:443") {
			t.Errorf("%q got through as %v", s, e)
		}
	})
}
