package ascp

import "testing"

// TestFind has a process name files in its own way, among others whose names end alike.
func TestFind(t *testing.T) {
	k := &kept{entries: []*entry{
		{source: "/src/1", destination: "x"},
		{source: "/src/2", destination: "b/x"},
		{source: "/src/3", destination: "a/b/x"},
	}}
	for file, want := range map[string]int{
		"x": 0, "/x": 0, "/src/2": 1, "b/x": 1, "/bucket/x": 0, "/bucket/b/x": 1, "/bucket/a/b/x": 2, "/a/b/x": 2,
	} {
		if got := k.find(file); got != k.entries[want] {
			t.Errorf("%s is %+v, want %+v", file, got, k.entries[want])
		}
	}
	for _, file := range []string{"", "y", "ax"} {
		if got := k.find(file); got != nil {
			t.Errorf("%q is %+v", file, got)
		}
	}
}
