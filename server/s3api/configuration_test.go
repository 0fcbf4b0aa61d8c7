package s3api

import "testing"

// What the documents of deleted buckets said is not held forever: those who make and delete buckets would fill the memory with it.
func TestDocumentsOfDeletedBuckets(t *testing.T) {
	var p parsed[int]
	parse := func(b []byte) (int, error) { return len(b), nil }
	document := []byte("document")
	for range 2 { // the second time from what is kept
		if n, err := p.of("bucket", document, parse); n != len(document) || err != nil {
			t.Errorf("parsed %d, %v", n, err)
		}
	}
	held := func() (n int) {
		p.byBucket.Range(func(any, any) bool { n++; return true })
		return n
	}
	if held() != 1 {
		t.Errorf("%d documents are held, want 1", held())
	}
	h := handler{}
	for _, name := range []string{"a", "b"} {
		h.sites.byBucket.Store(name, nil)
		h.lifecycles.byBucket.Store(name, nil)
		h.replications.byBucket.Store(name, nil)
	}
	h.forget("a")
	for _, m := range []interface{ Range(func(any, any) bool) }{&h.sites.byBucket, &h.lifecycles.byBucket, &h.replications.byBucket} {
		m.Range(func(name, _ any) bool {
			if name != "b" {
				t.Errorf("the document of %s is held", name)
			}
			return true
		})
	}
}
