package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/icos-go/icos"
)

// longestSignature is how long the service takes a signed URL (Signature Version 4).
const longestSignature = 7 * 24 * time.Hour

func newPresign(a *app) *cobra.Command {
	var method string
	expires := time.Hour
	cmd := &cobra.Command{
		Use:   "presign cos://BUCKET/KEY",
		Short: "Print a URL that lets anyone read or write one object for a while",
		Long: `Print a URL that carries a signature in it. Whoever has the URL can read the object
(or write it, with --method PUT) until it expires.

Only HMAC keys can sign a URL; an IAM API key cannot. A service credential made
with the option to include HMAC has both.

` + exitHelp,
		Example: `  icos presign cos://my-bucket/report.pdf
  curl -T new.pdf "$(icos presign --method PUT --expires 10m cos://my-bucket/new.pdf)"`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if expires < time.Second {
				return &usageError{fmt.Errorf("--expires %v: at least one second is needed", expires)}
			}
			if expires > longestSignature {
				return &usageError{fmt.Errorf("--expires %s: the service takes no signature that holds for more than 7 days", formatDuration(expires))}
			}
			return a.eachObject(cmd.Context(), args, func(ctx context.Context, obj *icos.Object, at location) error {
				u, err := obj.Presign(ctx, strings.ToUpper(method), expires, nil)
				if err != nil {
					return fmt.Errorf("presign %s: %w", at, err)
				}
				if a.flags.json {
					return a.emit(record{Type: "url", Bucket: at.bucket, Key: &at.key, URL: u.URL, Expires: timestamp(u.Expires)})
				}
				return a.printf("%s\n", u.URL)
			})
		},
	}
	cmd.Flags().StringVar(&method, "method", "GET", "what the URL allows: GET, PUT, HEAD or DELETE")
	cmd.Flags().Var((*spanFlag)(&expires), "expires", "how long it works, such as 10m or 7d, which is the longest")
	cmd.Flags().Lookup("expires").DefValue = "1h"
	a.oneOf(cmd, "method", "GET", "PUT", "HEAD", "DELETE")
	return cmd
}
