package wireform_test

import (
	"slices"
	"testing"
	"time"

	"github.com/icos-go/icos/internal/wireform"
	"github.com/icos-go/icos/s3"
)

func TestSeconds(t *testing.T) {
	tests := []struct {
		d    time.Duration
		want int64
	}{
		{s3.RetentionIndefinite, -1},
		{s3.RetentionPermanent, -2},
		{time.Nanosecond, 1},
		{time.Second, 1},
		{time.Second + 1, 2},
		{1<<63 - 1, 9223372037},
	}
	for _, tt := range tests {
		if got := wireform.Seconds(tt.d); got == nil || *got != tt.want {
			t.Errorf("Seconds(%d) = %v, want %d", tt.d, got, tt.want)
		}
	}
	if got := wireform.Seconds(0); got != nil {
		t.Errorf("Seconds(0) = %d, want nil", *got)
	}
}

func TestTags(t *testing.T) {
	got := wireform.Tags(map[string]string{"b": "2", "a": "1", "c": ""})
	if want := []s3.Tag{{Key: "a", Value: "1"}, {Key: "b", Value: "2"}, {Key: "c"}}; !slices.Equal(got, want) {
		t.Errorf("Tags = %v, want %v", got, want)
	}
	if got := wireform.Tags(map[string]string{}); got != nil {
		t.Errorf("Tags of nothing = %v, want nil", got)
	}
}
