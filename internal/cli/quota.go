package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/icos-go/icos/resourceconfig"
)

func newQuota(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "quota cos://BUCKET [SIZE|off]",
		Short: "Show or set how much a bucket may hold",
		Long: `Show how much a bucket holds and may hold, or set what it may. Once it holds that,
writes are refused. To set takes an API key that is a Manager; HMAC keys are of no use
here.

` + exitHelp,
		Example: `  icos quota cos://my-bucket
  icos quota cos://my-bucket 10GiB
  icos quota cos://my-bucket off`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			l, err := parseRemote(args[0], "cos://BUCKET")
			if err != nil {
				return err
			}
			if l.key != "" {
				return &usageError{fmt.Errorf("%s: quotas are of buckets", l)}
			}
			var quota sizeFlag
			if len(args) == 2 && args[1] != "off" {
				if err := quota.Set(args[1]); err != nil || quota == 0 {
					return &usageError{fmt.Errorf("%q is neither a size, such as 10GiB, nor off", args[1])}
				}
			}
			client, err := a.bucketConfig()
			if err != nil {
				return err
			}
			if len(args) == 2 {
				if err := client.SetQuota(cmd.Context(), l.bucket, int64(quota)); err != nil {
					return fmt.Errorf("set quota of %s: %w", l, err)
				}
			}
			b, err := client.Bucket(cmd.Context(), l.bucket)
			if err != nil {
				return fmt.Errorf("read quota of %s: %w", l, err)
			}
			return a.showQuota(l, b)
		},
	}
}

func (a *app) showQuota(l location, b *resourceconfig.Bucket) error {
	if a.flags.json {
		return a.emit(record{Type: "quota", Bucket: l.bucket, Objects: &b.Objects, Size: &b.Bytes, Total: &b.Quota})
	}
	limit := "no quota"
	if b.Quota > 0 {
		limit = "of " + formatSize(b.Quota)
	}
	return a.printf("%s holds %s in %s, %s\n", l, formatSize(b.Bytes), plural(b.Objects, "object"), limit)
}
