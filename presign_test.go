package icos_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/icostest"
	"github.com/icos-go/icos/s3"
)

func TestPresignPost(t *testing.T) {
	cos := icostest.NewServer(t)
	ctx := t.Context()
	bucket := cos.HMACClient().Bucket("forms")
	if err := bucket.Create(ctx, nil); err != nil {
		t.Fatal(err)
	}
	stranger, err := s3.New(s3.Config{Endpoint: cos.URL}) // no credentials
	if err != nil {
		t.Fatal(err)
	}
	for name, v2 := range map[string]bool{"V4": false, "V2": true} {
		t.Run(name, func(t *testing.T) {
			form, err := bucket.PresignPost(ctx, "up/"+name+"/${filename}", time.Hour, &icos.PresignPostOptions{
				Fields:     map[string]string{"Content-Type": "text/plain", "success_action_status": "201"},
				StartsWith: map[string]string{"x-amz-meta-title": "A "},
				MinSize:    2, MaxSize: 10, V2: v2,
			})
			if err != nil {
				t.Fatal(err)
			}
			form.Fields["x-amz-meta-title"] = "A title"
			got, err := stranger.PostObject(ctx, &s3.PostObjectRequest{Form: form, Filename: "a.txt", Body: strings.NewReader("hello"), Size: 5})
			if err != nil {
				t.Fatal(err)
			}
			if got.Location != cos.URL+"/forms/up/"+name+"/a.txt" || got.ETag != `"5d41402abc4b2a76b9719d911017c592"` {
				t.Errorf("stored %+v", got)
			}
			r, err := bucket.Object("up/"+name+"/a.txt").Get(ctx, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			if b, err := io.ReadAll(r); err != nil || string(b) != "hello" || r.Info().ContentType != "text/plain" || r.Info().Metadata["title"] != "A title" {
				t.Errorf("object %q, %v, %+v", b, err, r.Info())
			}
			for _, body := range []string{"1", "12345678901"} {
				_, err := stranger.PostObject(ctx, &s3.PostObjectRequest{Form: form, Filename: "b", Body: strings.NewReader(body), Size: -1})
				if e, ok := errors.AsType[*s3.Error](err); !ok || !strings.HasPrefix(e.Code, "EntityToo") {
					t.Errorf("a file of %d bytes: %v", len(body), err)
				}
			}
			form.Fields["x-amz-meta-title"] = "The title"
			_, err = stranger.PostObject(ctx, &s3.PostObjectRequest{Form: form, Body: strings.NewReader("hello"), Size: 5})
			if e, ok := errors.AsType[*s3.Error](err); !ok || e.Code != "AccessDenied" {
				t.Errorf("a title that does not begin so: %v", err)
			}
		})
	}
	if _, err := cos.Client().Bucket("forms").PresignPost(ctx, "k", time.Hour, nil); !errors.Is(err, s3.ErrPresign) {
		t.Errorf("a form signed by an API key: %v", err)
	}
	for _, key := range []string{"", "a${filename}b"} {
		if _, err := bucket.PresignPost(ctx, key, time.Hour, nil); err == nil {
			t.Errorf("a form for the key %q", key)
		}
	}
	if _, err := bucket.PresignPost(ctx, "k", time.Hour, &icos.PresignPostOptions{Fields: map[string]string{"Policy": "x"}}); err == nil {
		t.Error("a form with a policy of its own")
	}
	if _, err := bucket.PresignPost(ctx, "k", -time.Hour, nil); err == nil {
		t.Error("a form that has expired")
	}
}
