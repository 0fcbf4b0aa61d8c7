package mirror

import (
	"context"
	"slices"

	"github.com/icos-go/icos/s3"
)

// parts compares a local entry with an object that was stored in parts and has no
// checksum over all of it: only sums of the sums of its parts, to be compared
// by those who know where the parts end.
func (c *contents) parts(ctx context.Context, local, remote *Entry, side Side, sum s3.Checksum) (verdict, string, error) {
	const nothing = "the store has nothing to compare the content with"
	n := partsOf(remote.ETag)
	if n == 0 || !side.Key.IsZero() && sum.Type != s3.Composite {
		return unknown, nothing, nil
	}
	want := md5Of(remote.ETag)
	if sum.Type == s3.Composite && sum.Algorithm.New() != nil {
		want = digest{name: string(sum.Algorithm), new: sum.Algorithm.New, want: sum.Value}
	}
	want.name += " of parts"
	size, err := c.partSize(ctx, remote, side, n)
	if err != nil {
		return unknown, "", err
	}
	if size > 0 {
		want.part = size
		v, reason, err := c.files.match(ctx, local, want)
		if v == different && !c.even(ctx, remote, side, n, size) {
			return unknown, nothing, nil
		}
		return v, reason, err
	}
	for _, size := range usualPartSizes(local.Size, n) {
		want.part = size
		v, reason, err := c.files.match(ctx, local, want)
		if v == equal || err != nil {
			return v, reason, err
		}
	}
	return unknown, nothing, nil
}

// partSize asks how large the first part is. It returns 0 if the store does not tell,
// or if the object cannot be n parts of that size.
func (c *contents) partSize(ctx context.Context, e *Entry, side Side, n int64) (int64, error) {
	size, err := c.part(ctx, e, side, 1)
	if err != nil {
		if ctx.Err() != nil {
			return 0, err
		}
		return 0, nil // a store without part numbers; it did answer the request before
	}
	if !fits(e.Size, size, n) {
		return 0, nil
	}
	return size, nil
}

// even reports whether the last of n parts is as long as it must be if the others are of the
// given size. Programs that make parts of several sizes are rare, and to
// ask for each part would cost more than a copy.
func (c *contents) even(ctx context.Context, e *Entry, side Side, n, size int64) bool {
	last, err := c.part(ctx, e, side, n)
	return err == nil && last == e.Size-(n-1)*size
}

// part asks how large a part is.
func (c *contents) part(ctx context.Context, e *Entry, side Side, number int64) (int64, error) {
	head, err := c.ask(ctx, &s3.HeadObjectRequest{
		Bucket: side.Bucket.Name(), Key: side.Prefix + e.Key, PartNumber: int(number), IfMatch: e.ETag,
	}, side)
	if err != nil {
		return 0, err
	}
	return head.ContentLength, nil
}

// fits reports whether an object of this size can be n parts, all but the last of part bytes.
func fits(size, part, n int64) bool { return part > 0 && part <= size && (size+part-1)/part == n }

// usualPartSizes returns sizes in bytes that programs use for parts, as far as they make
// n parts of size bytes. At most five are: each costs a reading of the file.
func usualPartSizes(size, n int64) []int64 {
	const MiB = 1 << 20
	even := (size + n - 1) / n
	var sizes []int64
	for _, part := range []int64{
		8 * MiB, 16 * MiB, 5 * MiB, 64 * MiB, 100 * MiB, 50 * MiB, 32 * MiB, 128 * MiB,
		(even + MiB - 1) / MiB * MiB, even, 10 * MiB, 15 * MiB, 20 * MiB, 25 * MiB, 512 * MiB,
	} {
		if fits(size, part, n) && len(sizes) < 5 && !slices.Contains(sizes, part) {
			sizes = append(sizes, part)
		}
	}
	return sizes
}
