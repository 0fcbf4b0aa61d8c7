package s3

import "fmt"

// The Tagging document, and its form in the header x-amz-tagging.

func (r *PutObjectTaggingRequest) document() ([]byte, error) { return taggingDocument(r.Tags) }

func (r *PutBucketTaggingRequest) document() ([]byte, error) { return taggingDocument(r.Tags) }

func taggingDocument(tags []Tag) ([]byte, error) {
	var w xmlWriter
	w.root("Tagging")
	w.begin("TagSet")
	for _, t := range tags {
		for _, s := range []string{t.Key, t.Value} {
			if err := checkXML(s); err != nil {
				return nil, fmt.Errorf("tag %w", err)
			}
		}
		w.begin("Tag")
		w.text("Key", t.Key)
		w.text("Value", t.Value)
		w.end("Tag")
	}
	w.end("TagSet")
	w.end("Tagging")
	return w.b, nil
}

func (r *GetObjectTaggingResponse) parse(s *scanner) error {
	r.Tags = s.tagging()
	return s.err
}

func (r *GetBucketTaggingResponse) parse(s *scanner) error {
	r.Tags = s.tagging()
	return s.err
}

func (s *scanner) tagging() (tags []Tag) {
	if s.root("Tagging") != nil {
		return nil
	}
	for d := s.depth; s.child(d); {
		if string(s.name()) != "TagSet" {
			continue
		}
		for d := s.depth; s.child(d); {
			if string(s.name()) == "Tag" {
				tags = append(tags, s.tag())
			}
		}
	}
	return tags
}

// tag reads a Key and a Value, which filters of lifecycle and replication rules hold, too.
func (s *scanner) tag() (t Tag) {
	for d := s.depth; s.child(d); {
		switch string(s.name()) {
		case "Key":
			t.Key = s.str()
		case "Value":
			t.Value = s.str()
		}
	}
	return t
}

// formatTags writes tags as x-amz-tagging has them, like the query of a URL.
func formatTags(tags []Tag) string {
	var b []byte
	for i, t := range tags {
		if i > 0 {
			b = append(b, '&')
		}
		b = append(appendEscaped(b, t.Key, false), '=')
		b = appendEscaped(b, t.Value, false)
	}
	return string(b)
}
