package store

import (
	"bytes"
	order "cmp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// day is the n-th day of some year.
func day(n int) time.Time { return time.Date(2031, 1, n, 2, 3, 4, 5, time.UTC) }

// fullRow is an object row with every field set.
func fullRow() objectRow {
	o := objectRow{body: body{bodyFile, 1 << 41}, md5: [16]byte{1, 2, 3, 15: 255}, upload: 77, seq: 1<<41 + 3, random: 1<<63 + 5}
	o.Object = Object{
		Key: "k", Size: 1 << 40, Modified: time.Unix(1700000000, 123456789).UTC(), Owner: "owner",
		ACL: ACL{[]Grant{{Grantee{ID: "id"}, "READ"}, {Grantee{URI: "uri"}, "WRITE"}}},
		Attributes: Attributes{
			ContentType: "text/plain", CacheControl: "no-cache", ContentDisposition: "inline", ContentEncoding: "gzip",
			ContentLanguage: "de", Expires: "0", WebsiteRedirect: "/x", Metadata: map[string]string{"a": "1", "b": "", "": "c"},
		},
		State: State{
			Tags:        []Tag{{"a", "1"}, {"b", ""}},
			Lock:        Lock{"GOVERNANCE", time.Date(9998, 7, 6, 5, 4, 3, 0, time.UTC), true},
			Retention:   Retention{true, RetainPermanently, []LegalHold{{"one", day(2)}, {"two", day(3)}}},
			Archive:     Archive{"GLACIER", day(4), day(5), day(6), day(7)},
			Replication: Replication{"FAILED", day(8), day(9), "no such bucket"},
		},
		Encryption: Encryption{KeyProtect, []byte("envelope"), "crn:v1:"},
		Checksum:   Checksum{"CRC32C", "AAAAAA==-3", "COMPOSITE"},
		PartCount:  3,
	}
	o.ETag = etag(o.md5, o.PartCount)
	o.Version = versionID(o.seq, o.random)
	return o
}

// markerRow is the row of a delete marker.
func markerRow() objectRow {
	o := objectRow{seq: 9, random: 8}
	o.Object = Object{Key: "k", Modified: day(1), DeleteMarker: true, Version: versionID(9, 8)}
	o.Replication.Status = "PENDING"
	return o
}

var rowsEqual = cmp.Options{cmp.AllowUnexported(objectRow{}, partRow{}, body{}), cmpopts.EquateEmpty()}

func TestObjectRowSurvivesEncoding(t *testing.T) {
	for _, want := range []objectRow{fullRow(), markerRow(), {Object: Object{Key: "k", ETag: strings.Repeat("0", 32), Modified: time.Unix(0, 1).UTC()}}} {
		got, err := decodeObject("k", want.encode(nil), allFields, &objectRow{})
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got, rowsEqual); d != "" {
			t.Errorf("decoded row differs (-want +got):\n%s", d)
		}
	}
}

// TestAnyTimeSurvivesEncoding keeps times beyond 2262, where nanoseconds end: a transition may be set to the year 9999, and the clock of
// objects moved far ahead. Taken for the past, they would archive what was just written, and end what is retained.
func TestAnyTimeSurvivesEncoding(t *testing.T) {
	for _, want := range []time.Time{
		time.Date(2262, 4, 11, 23, 47, 16, 854775807, time.UTC), // the last one
		time.Date(2262, 4, 11, 23, 47, 16, 854775808, time.UTC),
		time.Date(2300, 1, 1, 0, 0, 0, 0, time.UTC),
		time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC),
		time.Date(1969, 7, 20, 20, 17, 40, 1, time.UTC),
		time.Date(1, 1, 1, 0, 0, 1, 0, time.UTC),
	} {
		row := objectRow{Object: Object{Modified: want, State: State{Archive: Archive{Class: "GLACIER", At: want}}}}
		got, err := decodeObject("", row.encode(nil), allFields, &objectRow{})
		if err != nil || !got.Modified.Equal(want) || !got.Archive.At.Equal(want) {
			t.Errorf("%v came back as %v and %v, %v", want, got.Modified, got.Archive.At, err)
		}
	}
}

func TestBucketRowSurvivesEncoding(t *testing.T) {
	want := Bucket{
		Name: "n", Instance: "i", Owner: "o", Location: "l", Created: day(1),
		ACL: ACL{[]Grant{{Grantee{ID: "id"}, "READ"}}}, CORS: []byte("<x/>"),
		BucketState: BucketState{
			Versioning: "Suspended", Protection: Protection{true, 1, 22, 333, true}, ObjectLock: BucketLock{true, "COMPLIANCE", 4, 5},
			PublicAccess: PublicAccess{true, true, false}, Quota: 6, Firewall: []string{"10.0.0.0/8", "::1"}, RootKey: "crn:v1:",
			Documents: map[string][]byte{"lifecycle": []byte("<l/>"), "tagging": []byte("<t/>")},
		},
	}
	i, got, err := decodeBucket("n", encodeBucket(7, &want))
	if err != nil || i != 7 {
		t.Fatalf("id %d, error %v", i, err)
	}
	if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
		t.Errorf("decoded row differs (-want +got):\n%s", d)
	}
}

func TestUnknownFieldsAreSkipped(t *testing.T) {
	want := fullRow()
	e := encoder{want.encode(nil)}
	e.string(9999, "from the future")
	got, err := decodeObject("k", e.buf, allFields, &objectRow{})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got, rowsEqual); d != "" {
		t.Errorf("decoded row differs (-want +got):\n%s", d)
	}
}

func TestManifestSurvivesEncoding(t *testing.T) {
	want := []partRow{
		{Part{1, 5 << 20, "", time.Unix(0, 9).UTC(), Checksum{"SHA256", "x", ""}}, body{bodyFile, 5}, [16]byte{1}},
		{Part{10000, 0, "", time.Unix(0, 9).UTC(), Checksum{}}, body{}, [16]byte{2}},
	}
	for i := range want {
		want[i].ETag = etag(want[i].md5, 0)
	}
	got, err := decodeManifest(encodeManifest(want))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got, rowsEqual); d != "" {
		t.Errorf("decoded manifest differs (-want +got):\n%s", d)
	}
}

func FuzzDecodeRows(f *testing.F) {
	row := fullRow()
	f.Add(row.encode(nil))
	marker := markerRow()
	f.Add(marker.encode(nil))
	null := objectRow{seq: 7}
	f.Add(null.encode(nil))
	f.Add(encodeManifest([]partRow{{Part: Part{Number: 1}}}))
	f.Add(encodeBucket(7, &Bucket{Instance: "i", CORS: []byte("<x/>")}))
	f.Add((&uploadRow{random: 5}).encode())
	f.Add([]byte{1, 5, 1, 255})
	f.Add([]byte{tagModified, 1, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		if o, err := decodeObject("k", b, allFields, &objectRow{}); err == nil {
			again, err := decodeObject("k", o.encode(nil), allFields, &objectRow{})
			if err != nil {
				t.Fatalf("row written from a row read: %v", err)
			}
			if d := cmp.Diff(o, again, rowsEqual); d != "" {
				t.Errorf("row changes when written again (-first +again):\n%s", d)
			}
		}
		_, _ = decodeManifest(b)
		_, _, _ = decodeBucket("n", b)
		_, _ = decodeUpload("k", 1, b)
	})
}

func FuzzUploadKeyOrder(f *testing.F) {
	f.Add("a", "a\x00", uint64(1), uint64(2))
	f.Add("a\x00b", "a\x00\xffb", uint64(1), uint64(1))
	f.Add("", "\x00\x01", uint64(9), uint64(0))
	f.Fuzz(func(t *testing.T, a, b string, i, j uint64) {
		x, y := uploadKey(3, a, id(i)), uploadKey(3, b, id(j))
		want := strings.Compare(a, b)
		if want == 0 {
			want = int(min(1, max(i, j)-min(i, j)))
			if i < j {
				want = -want
			}
		}
		if got := bytes.Compare(x, y); got != want {
			t.Errorf("order of (%q, %d) and (%q, %d) is %d, want %d", a, i, b, j, got, want)
		}
		key, k, err := parseUploadKey(x)
		if err != nil || key != a || k != id(i) {
			t.Errorf("parseUploadKey = %q, %d, %v, want %q, %d", key, k, err, a, i)
		}
		if strings.HasPrefix(b, a) && !bytes.HasPrefix(appendUploadPrefix(nil, 3, b), appendUploadPrefix(nil, 3, a)) {
			t.Errorf("prefix of %q is no prefix of that of %q", a, b)
		}
	})
}

func FuzzVersionKeyOrder(f *testing.F) {
	f.Add("a", "a\x00", uint64(1), uint64(2))
	f.Add("a\x00b", "a\x00\xffb", uint64(1), uint64(1))
	f.Add("", "\x00\x01", uint64(9), uint64(0))
	f.Fuzz(func(t *testing.T, a, b string, i, j uint64) {
		x, y := versionKey(3, a, id(i)), versionKey(3, b, id(j))
		want := strings.Compare(a, b)
		if want == 0 {
			want = -order.Compare(i, j) // the newest first
		}
		if got := bytes.Compare(x, y); got != want {
			t.Errorf("order of (%q, %d) and (%q, %d) is %d, want %d", a, i, b, j, got, want)
		}
		key, seq, err := parseVersionKey(x)
		if err != nil || key != a || seq != id(i) {
			t.Errorf("parseVersionKey = %q, %d, %v, want %q, %d", key, seq, err, a, i)
		}
		if strings.HasPrefix(b, a) && !bytes.HasPrefix(appendVersionPrefix(nil, 3, b), appendVersionPrefix(nil, 3, a)) {
			t.Errorf("prefix of %q is no prefix of that of %q", a, b)
		}
	})
}

func TestVersionIDsParseBack(t *testing.T) {
	for _, seq := range []id{0, 1, 1 << 40, ^id(0)} {
		s := versionID(seq, 0x1234)
		i, random, ok := parseVersionID(s)
		if !ok || i != seq || random != 0x1234 || !ValidVersionID(s) {
			t.Errorf("parseVersionID(%q) = %d, %x, %v", s, i, random, ok)
		}
	}
	if s := versionID(7, 0); s != "" {
		t.Errorf("the null version is %q", s)
	}
	for _, s := range []string{"", "null", "x", "0000015a-95e1-4326-0000-000000000000", "0000015A-95E1-4326-654E-A1B57887784F", "../../etc/passwd"} {
		if _, _, ok := parseVersionID(s); ok || ValidVersionID(s) != (s == NullVersion) {
			t.Errorf("parseVersionID(%q) took it", s)
		}
	}
}

func TestPrefixEnd(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"a", "b"}, {"a\xff", "b"}, {"a\xff\xff", "b"}, {"\xff", ""}, {"", ""}, {"ab", "ac"},
	} {
		if got := prefixEnd(slices.Clone([]byte(tt.in))); string(got) != tt.want {
			t.Errorf("prefixEnd(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestUploadIDsParseBack(t *testing.T) {
	for _, i := range []id{0, 1, 1 << 40, ^id(0)} {
		s := uploadID(i, 0x1234)
		j, random, ok := parseUploadID(s)
		if !ok || j != i || random != 0x1234 {
			t.Errorf("parseUploadID(%q) = %d, %x, %v", s, j, random, ok)
		}
	}
	for _, s := range []string{"", "x", "0000015a-95e1-4326-654e-a1b57887784", "0000015A-95E1-4326-654E-A1B57887784F", "../../etc/passwd"} {
		if _, _, ok := parseUploadID(s); ok {
			t.Errorf("parseUploadID(%q) took it", s)
		}
	}
}
