package s3api_test

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"
)

type listBucketResult struct {
	Name, Prefix, Marker, NextMarker, Delimiter, EncodingType string
	StartAfter, ContinuationToken, NextContinuationToken      string
	KeyCount, MaxKeys                                         int
	IsTruncated                                               bool
	Contents                                                  []struct {
		Key, LastModified, ETag, StorageClass string
		Size                                  int64
		Owner                                 *struct{ ID, DisplayName string }
	}
	CommonPrefixes []struct{ Prefix string }
}

func (r *listBucketResult) names() []string {
	var list []string
	for _, o := range r.Contents {
		list = append(list, o.Key)
	}
	for _, p := range r.CommonPrefixes {
		list = append(list, p.Prefix)
	}
	slices.Sort(list)
	return list
}

func unescape(t testing.TB, s string) string {
	t.Helper()
	u, err := url.PathUnescape(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// model lists keys as S3 does: a page of keys and common prefixes in byte order, those after marker. A common prefix that
// marker lies in has been passed.
func model(keys []string, prefix, delimiter, marker string, limit int) (page []string, truncated bool) {
	for _, key := range slices.Sorted(slices.Values(keys)) {
		rest, found := strings.CutPrefix(key, prefix)
		if !found {
			continue
		}
		entry := key
		if i := strings.Index(rest, delimiter); delimiter != "" && i >= 0 {
			entry = prefix + rest[:i+len(delimiter)]
			if strings.HasPrefix(marker, entry) {
				continue
			}
		}
		if entry <= marker || len(page) > 0 && page[len(page)-1] == entry {
			continue
		}
		if len(page) == limit {
			return page, limit > 0
		}
		page = append(page, entry)
	}
	return page, false
}

func TestListAgainstModel(t *testing.T) {
	s := newServer(t, serverOptions{})
	rng := rand.New(rand.NewPCG(1, 2))
	const letters = "ab/-."
	random := func(longest int) string {
		var b strings.Builder
		for range rng.IntN(longest + 1) {
			b.WriteByte(letters[rng.IntN(len(letters))])
		}
		return b.String()
	}
	unique := map[string]bool{}
	for len(unique) < 120 {
		if key := random(6); key != "" {
			unique[key] = true
		}
	}
	var keys []string
	for key := range unique {
		keys = append(keys, key)
		s.put("/bucket/"+escape(key), "x")
	}
	for range 400 {
		prefix, marker := random(2), random(4)
		delimiter := []string{"", "/", "-", "a", "//", "b/"}[rng.IntN(6)]
		limit := []int{0, 1, 2, 3, 10, 1000}[rng.IntN(6)]
		want, truncated := model(keys, prefix, delimiter, marker, limit)
		q := url.Values{"prefix": {prefix}, "delimiter": {delimiter}, "max-keys": {fmt.Sprint(limit)}, "encoding-type": {"url"}}
		for _, version := range []string{"1", "2", "versions"} {
			q := maps(q)
			switch version {
			case "1":
				q.Set("marker", marker)
			case "2":
				q.Set("list-type", "2")
				q.Set("start-after", marker)
			case "versions":
				q.Set("versions", "")
				q.Set("key-marker", marker)
			}
			r := s.do(s.owner, "GET", "/bucket?"+q.Encode(), "")
			r.want(t, 200, "")
			r.body = strings.NewReplacer("<Version>", "<Contents>", "</Version>", "</Contents>").Replace(r.body)
			page := decode[listBucketResult](t, r)
			got := page.names()
			for i := range got {
				got[i] = unescape(t, got[i])
			}
			slices.Sort(got)
			if !slices.Equal(got, want) || page.IsTruncated != truncated {
				t.Fatalf("list %s prefix %q delimiter %q marker %q max %d:\n got %q, truncated %v\nwant %q, truncated %v",
					version, prefix, delimiter, marker, limit, got, page.IsTruncated, want, truncated)
			}
			if version == "2" && page.KeyCount != len(want) {
				t.Fatalf("KeyCount %d, want %d", page.KeyCount, len(want))
			}
		}
	}
	// Whole listings, page by page.
	for _, delimiter := range []string{"", "/"} {
		want, _ := model(keys, "", delimiter, "", len(keys))
		for _, limit := range []int{1, 7, 1000} {
			if got := listV1(t, s, delimiter, limit); !slices.Equal(got, want) {
				t.Errorf("version 1 with delimiter %q by %d:\n got %q\nwant %q", delimiter, limit, got, want)
			}
			if got := listV2(t, s, delimiter, limit); !slices.Equal(got, want) {
				t.Errorf("version 2 with delimiter %q by %d:\n got %q\nwant %q", delimiter, limit, got, want)
			}
		}
	}
}

func maps(v url.Values) url.Values {
	c := url.Values{}
	for name, values := range v {
		c[name] = values
	}
	return c
}

// listV1 goes on as SDKs do: from NextMarker, or else from the last key.
func listV1(t *testing.T, s *server, delimiter string, limit int) (all []string) {
	marker := ""
	for {
		page := decode[listBucketResult](t, s.do(s.owner, "GET", fmt.Sprintf("/bucket?delimiter=%s&max-keys=%d&marker=%s", delimiter, limit, url.QueryEscape(marker)), ""))
		all = append(all, page.names()...)
		if (page.NextMarker != "") != (page.IsTruncated && delimiter != "") {
			t.Fatalf("NextMarker %q with delimiter %q, truncated %v", page.NextMarker, delimiter, page.IsTruncated)
		}
		if !page.IsTruncated {
			return all
		}
		if marker = page.NextMarker; marker == "" {
			marker = page.Contents[len(page.Contents)-1].Key
		}
	}
}

func listV2(t *testing.T, s *server, delimiter string, limit int) (all []string) {
	token := ""
	for {
		page := decode[listBucketResult](t, s.do(s.owner, "GET", fmt.Sprintf("/bucket?list-type=2&delimiter=%s&max-keys=%d&continuation-token=%s", delimiter, limit, token), ""))
		all = append(all, page.names()...)
		if !page.IsTruncated {
			return all
		}
		token = page.NextContinuationToken
	}
}

func TestListDetails(t *testing.T) {
	s := newServer(t, serverOptions{})
	s.put("/bucket/a%20b%2Bc", "hello")
	s.put("/bucket/d/e", "x")
	page := decode[listBucketResult](t, s.do(s.owner, "GET", "/bucket", ""))
	if page.Name != "bucket" || page.MaxKeys != 1000 || len(page.Contents) != 2 || page.EncodingType != "" {
		t.Fatalf("page %+v", page)
	}
	o := page.Contents[0]
	if o.Key != "a b+c" || o.Size != 5 || o.ETag != `"5d41402abc4b2a76b9719d911017c592"` || o.StorageClass != "STANDARD" {
		t.Errorf("object %+v", o)
	}
	if o.Owner == nil || o.Owner.ID != s.owner.instance || o.Owner.DisplayName == "" {
		t.Errorf("version 1 shows owner %+v, want id and name", o.Owner)
	}
	page = decode[listBucketResult](t, s.do(s.owner, "GET", "/bucket?list-type=2", ""))
	if page.Contents[0].Owner != nil {
		t.Errorf("version 2 shows owner %+v unasked", page.Contents[0].Owner)
	}
	page = decode[listBucketResult](t, s.do(s.owner, "GET", "/bucket?list-type=2&fetch-owner=true", ""))
	if page.Contents[0].Owner == nil {
		t.Error("version 2 with fetch-owner shows no owner")
	}
	page = decode[listBucketResult](t, s.do(s.owner, "GET", "/bucket?encoding-type=url&prefix=a%20&delimiter=%2B", ""))
	if page.EncodingType != "url" || page.Prefix != "a%20" || page.Delimiter != "%2B" || page.CommonPrefixes[0].Prefix != "a%20b%2B" {
		t.Errorf("encoded page %+v", page)
	}
	page = decode[listBucketResult](t, s.do(s.owner, "GET", "/bucket?max-keys=5000", ""))
	if page.MaxKeys != 1000 {
		t.Errorf("MaxKeys %d, want 1000", page.MaxKeys)
	}
	// start-after is ignored with a token.
	page = decode[listBucketResult](t, s.do(s.owner, "GET", "/bucket?list-type=2&max-keys=1", ""))
	page = decode[listBucketResult](t, s.do(s.owner, "GET", "/bucket?list-type=2&start-after=zzz&continuation-token="+page.NextContinuationToken, ""))
	if len(page.Contents) != 1 || page.Contents[0].Key != "d/e" {
		t.Errorf("page after token %+v", page)
	}
}

func TestControlCharactersInListing(t *testing.T) {
	s := newServer(t, serverOptions{})
	s.put("/bucket/a%01b%0A", "x")
	r := s.do(s.owner, "GET", "/bucket", "")
	if want := "<Key>a&#x1;b&#xa;</Key>"; !strings.Contains(r.body, want) {
		t.Errorf("listing %s does not hold %s", r.body, want)
	}
	page := decode[listBucketResult](t, s.do(s.owner, "GET", "/bucket?encoding-type=url", ""))
	if got := page.Contents[0].Key; got != "a%01b%0A" {
		t.Errorf("key %q", got)
	}
}

func TestContinuationTokens(t *testing.T) {
	s := newServer(t, serverOptions{})
	s.do(s.owner, "PUT", "/second", "", "ibm-service-instance-id", s.owner.instance).want(t, 200, "")
	for _, key := range []string{"a", "b", "c"} {
		s.put("/bucket/"+key, "x")
		s.put("/second/"+key, "x")
	}
	token := decode[listBucketResult](t, s.do(s.owner, "GET", "/bucket?list-type=2&max-keys=1", "")).NextContinuationToken
	flipped := []byte(token)
	flipped[3] ^= 1
	for name, bad := range map[string]string{"altered": string(flipped), "cut": token[:len(token)-2], "not base64": "!", "short": "YQ", "long": token + "AAAA"} {
		t.Run(name, func(t *testing.T) {
			s.do(s.owner, "GET", "/bucket?list-type=2&continuation-token="+url.QueryEscape(bad), "").want(t, 400, "InvalidArgument")
		})
	}
	s.do(s.owner, "GET", "/second?list-type=2&continuation-token="+token, "").want(t, 400, "InvalidArgument")
	s.do(s.owner, "GET", "/bucket?list-type=2&continuation-token="+token, "").want(t, 200, "")
}

func TestListArguments(t *testing.T) {
	s := newServer(t, serverOptions{})
	for _, query := range []string{
		"max-keys=-1", "max-keys=x", "max-keys=99999999999", "encoding-type=xml", "list-type=3", "list-type=", "versions&version-id-marker=null",
		"uploads&max-uploads=-1", "uploads&encoding-type=xml", "acl&cors",
	} {
		s.do(s.owner, "GET", "/bucket?"+query, "").want(t, 400, "InvalidArgument")
	}
}
