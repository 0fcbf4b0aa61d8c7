package cli

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/icos-go/icos"
)

func newWebsite(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "website",
		Short: "Serve a bucket to browsers",
		Long: `Show, set or remove how a bucket is served to browsers as a website, and print the
address. Visitors see the objects that everybody may read; icos acl makes them so.

` + exitHelp,
	}
	cmd.AddCommand(newWebsiteShow(a), newWebsiteSet(a), newWebsiteRm(a), newWebsiteURL(a))
	return cmd
}

// websiteFile is a website as a file of JSON, in the members that the aws CLI has.
type websiteFile struct {
	IndexDocument         *suffixFile   `json:",omitempty"`
	ErrorDocument         *keyFile      `json:",omitempty"`
	RedirectAllRequestsTo *redirectFile `json:",omitempty"`
	RoutingRules          []routingFile `json:",omitempty"`
}

type suffixFile struct{ Suffix string }

type keyFile struct{ Key string }

type routingFile struct {
	Condition *conditionFile `json:",omitempty"`
	Redirect  redirectFile
}

type conditionFile struct {
	HTTPErrorCodeReturnedEquals string `json:"HttpErrorCodeReturnedEquals,omitempty"`
	KeyPrefixEquals             string `json:",omitempty"`
}

type redirectFile struct {
	HostName             string  `json:",omitempty"`
	HTTPRedirectCode     string  `json:"HttpRedirectCode,omitempty"`
	Protocol             string  `json:",omitempty"`
	ReplaceKeyPrefixWith *string `json:",omitempty"`
	ReplaceKeyWith       *string `json:",omitempty"`
}

func newWebsiteFile(site *icos.Website) websiteFile {
	var f websiteFile
	if site.IndexDocument != "" {
		f.IndexDocument = &suffixFile{site.IndexDocument}
	}
	if site.ErrorDocument != "" {
		f.ErrorDocument = &keyFile{site.ErrorDocument}
	}
	if to := site.RedirectAllTo; to != nil {
		f.RedirectAllRequestsTo = &redirectFile{HostName: to.HostName, Protocol: to.Protocol}
	}
	for _, rule := range site.RoutingRules {
		to := rule.RedirectTo
		r := routingFile{Redirect: redirectFile{
			HostName: to.HostName, Protocol: to.Protocol, HTTPRedirectCode: digits(to.Code),
			ReplaceKeyPrefixWith: to.ReplacePrefix, ReplaceKeyWith: to.ReplaceKey,
		}}
		if rule.KeyPrefix != "" || rule.ErrorCode != 0 {
			r.Condition = &conditionFile{digits(rule.ErrorCode), rule.KeyPrefix}
		}
		f.RoutingRules = append(f.RoutingRules, r)
	}
	return f
}

// digits writes a status, which is a string in the file; 0 is none.
func digits(status int) string {
	if status == 0 {
		return ""
	}
	return fmt.Sprint(status)
}

func (f *websiteFile) website() (*icos.Website, error) {
	site := &icos.Website{}
	if f.IndexDocument != nil {
		site.IndexDocument = f.IndexDocument.Suffix
	}
	if f.ErrorDocument != nil {
		site.ErrorDocument = f.ErrorDocument.Key
	}
	status := func(s string) (n int, err error) {
		if s == "" {
			return 0, nil
		}
		if _, err := fmt.Sscanf(s, "%d", &n); err != nil || fmt.Sprint(n) != s {
			return 0, fmt.Errorf("%q is not a status", s)
		}
		return n, nil
	}
	if to := f.RedirectAllRequestsTo; to != nil {
		site.RedirectAllTo = &icos.WebsiteRedirect{HostName: to.HostName, Protocol: to.Protocol}
	}
	for _, r := range f.RoutingRules {
		code, err := status(r.Redirect.HTTPRedirectCode)
		if err != nil {
			return nil, fmt.Errorf("HttpRedirectCode: %w", err)
		}
		rule := icos.RoutingRule{RedirectTo: icos.WebsiteRedirect{
			HostName: r.Redirect.HostName, Protocol: r.Redirect.Protocol, Code: code,
			ReplacePrefix: r.Redirect.ReplaceKeyPrefixWith, ReplaceKey: r.Redirect.ReplaceKeyWith,
		}}
		if r.Condition != nil {
			rule.KeyPrefix = r.Condition.KeyPrefixEquals
			if rule.ErrorCode, err = status(r.Condition.HTTPErrorCodeReturnedEquals); err != nil {
				return nil, fmt.Errorf("HttpErrorCodeReturnedEquals: %w", err)
			}
		}
		site.RoutingRules = append(site.RoutingRules, rule)
	}
	return site, nil
}

func newWebsiteShow(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "show cos://BUCKET",
		Short: "Print how a bucket is served to browsers",
		Long: `Print how a bucket is served to browsers, as the JSON that icos website set reads.

` + exitHelp,
		Example: `  icos website show cos://my-site > site.json`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.oneBucket(args[0], func(b *icos.Bucket) error {
				site, err := b.Website(cmd.Context())
				if err != nil {
					return fmt.Errorf("read website of cos://%s: %w", b.Name(), err)
				}
				return a.showDocument("website", b.Name(), newWebsiteFile(&site))
			})
		},
	}
}

func newWebsiteSet(a *app) *cobra.Command {
	var index, errorDocument, redirect string
	cmd := &cobra.Command{
		Use:   "set cos://BUCKET [FILE]",
		Short: "Make a bucket a website",
		Long: `Make a bucket a website, by flags, or as a FILE of JSON says (- is standard input),
which is what icos website show prints, and what aws s3api put-bucket-website takes.

` + exitHelp,
		Example: `  icos website set --index index.html --error 404.html cos://my-site
  icos website set --redirect https://www.example.com cos://my-old-site
  icos website set cos://my-site site.json`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			site := &icos.Website{IndexDocument: index, ErrorDocument: errorDocument}
			flags := index != "" || errorDocument != "" || redirect != ""
			switch {
			case flags && len(args) == 2:
				return &usageError{errors.New("give a file or flags, not both")}
			case !flags && len(args) == 1:
				return &usageError{errors.New("give --index, --redirect or a file")}
			case redirect != "" && (index != "" || errorDocument != ""):
				return &usageError{errors.New("--redirect goes with no other flag")}
			case redirect != "":
				to, err := parseRedirect(redirect)
				if err != nil {
					return &usageError{err}
				}
				site = &icos.Website{RedirectAllTo: to}
			case len(args) == 2:
				var f websiteFile
				if err := a.readDocument(args[1], &f); err != nil {
					return err
				}
				var err error
				if site, err = f.website(); err != nil {
					return fmt.Errorf("read %s: %w", args[1], err)
				}
			}
			return a.oneBucket(args[0], func(b *icos.Bucket) error {
				if err := b.SetWebsite(cmd.Context(), *site); err != nil {
					return fmt.Errorf("make cos://%s a website: %w", b.Name(), err)
				}
				return a.tellWebsite(cmd, b, "set_website")
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&index, "index", "", "`NAME` of the page of a directory, such as index.html")
	f.StringVar(&errorDocument, "error", "", "`KEY` of the page for errors")
	f.StringVar(&redirect, "redirect", "", "`ADDRESS` to send everybody to, such as https://www.example.com")
	return cmd
}

// tellWebsite prints the address of a website after a change of it.
func (a *app) tellWebsite(cmd *cobra.Command, b *icos.Bucket, kind string) error {
	address, err := b.WebsiteURL(cmd.Context())
	if err != nil {
		return err
	}
	if a.flags.json {
		return a.emit(record{Type: kind, Bucket: b.Name(), URL: address})
	}
	return a.printf("%s\n", address)
}

func newWebsiteRm(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "rm cos://BUCKET",
		Short: "Have a bucket no longer be a website",
		Long: `Have a bucket no longer be a website. Its objects stay.

` + exitHelp,
		Example: `  icos website rm cos://my-site`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.oneBucket(args[0], func(b *icos.Bucket) error {
				if err := b.DeleteWebsite(cmd.Context()); err != nil {
					return fmt.Errorf("remove website of cos://%s: %w", b.Name(), err)
				}
				if a.flags.json {
					return a.emit(record{Type: "remove_website", Bucket: b.Name()})
				}
				a.notef("cos://%s is no website any more\n", b.Name())
				return nil
			})
		},
	}
}

func newWebsiteURL(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "url cos://BUCKET",
		Short: "Print the address of a website",
		Long: `Print the address at which a bucket is served to browsers, whether it is or not.

` + exitHelp,
		Example: `  curl "$(icos website url cos://my-site)"`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.oneBucket(args[0], func(b *icos.Bucket) error { return a.tellWebsite(cmd, b, "url") })
		},
	}
}

// showDocument prints a configuration of a bucket as JSON that can be read again.
func (a *app) showDocument(kind, bucket string, document any) error {
	if a.flags.json {
		b, err := json.Marshal(document)
		if err != nil {
			return fmt.Errorf("write output: %w", err)
		}
		return a.printf(`{"v":%d,"type":%q,"bucket":%q,"configuration":%s}`+"\n", schemaVersion, kind, bucket, b)
	}
	b, err := json.MarshalIndent(document, "", "  ")
	if err != nil {
		return fmt.Errorf("write output: %w", err)
	}
	return a.printf("%s\n", b)
}
