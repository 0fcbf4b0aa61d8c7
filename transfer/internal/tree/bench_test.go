package tree_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// The cost of a small file that is fetched, beside the least that must be done
// for it.
func BenchmarkSmallFile(b *testing.B) {
	data := make([]byte, 4096)
	mtime := time.Unix(1234567890, 0)
	for _, dir := range []string{"flat", "a/b/c"} {
		b.Run("partial/"+dir, func(b *testing.B) {
			r := openRoot(b, b.TempDir())
			b.ReportAllocs()
			for i := range b.N {
				p, err := r.Partial(fmt.Sprintf("%s/%d", dir, i), "tag")
				if err == nil {
					_, err = p.WriteAt(data, 0)
				}
				if err == nil {
					err = p.Commit(mtime, nil)
				}
				if err != nil {
					b.Fatal(err)
				}
			}
			check(b, r.Close())
		})
		for _, sync := range []bool{false, true} {
			b.Run(fmt.Sprintf("floor/sync=%v/%s", sync, dir), func(b *testing.B) {
				top := filepath.Join(b.TempDir(), dir)
				check(b, os.MkdirAll(top, 0o777))
				b.ReportAllocs()
				for i := range b.N {
					name := fmt.Sprintf("%s/%d", top, i)
					f, err := os.Create(name + ".partial")
					if err == nil {
						_, err = f.Write(data)
					}
					if err == nil && sync {
						err = f.Sync()
					}
					check(b, err)
					check(b, f.Close())
					check(b, os.Chtimes(name+".partial", time.Time{}, mtime))
					check(b, os.Rename(name+".partial", name))
				}
			})
		}
	}
}
