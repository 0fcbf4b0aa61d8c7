package cli

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/icos-go/icos"
)

func newCORS(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "cors",
		Short: "Let web pages of other origins use a bucket",
		Long: `Show, set or remove the rules by which web pages of other origins may use a bucket
from a browser (CORS).

` + exitHelp,
	}
	cmd.AddCommand(newCORSShow(a), newCORSSet(a), newCORSAllow(a), newCORSRm(a))
	return cmd
}

// corsFile is the rules as a file of JSON, in the members that the aws CLI has.
type corsFile struct {
	CORSRules []corsRuleFile
}

type corsRuleFile struct {
	ID             string `json:",omitempty"`
	AllowedOrigins []string
	AllowedMethods []string
	AllowedHeaders []string `json:",omitempty"`
	ExposeHeaders  []string `json:",omitempty"`
	MaxAgeSeconds  int      `json:",omitempty"`
}

func newCORSShow(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "show cos://BUCKET",
		Short: "Print the rules",
		Long: `Print the rules of a bucket, as the JSON that icos cors set reads.

` + exitHelp,
		Example: `  icos cors show cos://my-bucket > cors.json`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.oneBucket(args[0], func(b *icos.Bucket) error {
				rules, err := b.CORS(cmd.Context())
				if err != nil {
					return fmt.Errorf("read CORS rules of cos://%s: %w", b.Name(), err)
				}
				if len(rules) == 0 {
					return &missing{fmt.Sprintf("cos://%s has no CORS rules", b.Name())}
				}
				var f corsFile
				for _, r := range rules {
					f.CORSRules = append(f.CORSRules, corsRuleFile(r))
				}
				return a.showDocument("cors", b.Name(), f)
			})
		},
	}
}

func newCORSSet(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "set cos://BUCKET FILE",
		Short: "Replace the rules",
		Long: `Replace the rules of a bucket by those in a FILE of JSON (- is standard input), which is
what icos cors show prints, and what aws s3api put-bucket-cors takes.

` + exitHelp,
		Example: `  icos cors set cos://my-bucket cors.json`,
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			var f corsFile
			if err := a.readDocument(args[1], &f); err != nil {
				return err
			}
			var rules []icos.CORSRule
			for _, r := range f.CORSRules {
				rules = append(rules, icos.CORSRule(r))
			}
			return a.setCORS(cmd, args[0], func([]icos.CORSRule) []icos.CORSRule { return rules }, false)
		},
	}
}

func newCORSAllow(a *app) *cobra.Command {
	var rule icos.CORSRule
	var maxAge spanFlag
	cmd := &cobra.Command{
		Use:   "allow cos://BUCKET --origin ORIGIN",
		Short: "Add a rule",
		Long: `Add a rule: web pages of these origins may make requests of these methods. In origins
and headers, one * stands for any characters.

` + exitHelp,
		Example: `  icos cors allow --origin https://app.example.com cos://my-bucket
  icos cors allow --origin '*' --method GET,PUT --header '*' --expose ETag cos://my-bucket`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(rule.AllowedOrigins) == 0 {
				return &usageError{errors.New("--origin is missing: name the origin of the web pages, such as https://app.example.com, or '*'")}
			}
			age := time.Duration(maxAge)
			if age%time.Second != 0 {
				return &usageError{fmt.Errorf("--max-age %v: want whole seconds", age)}
			}
			rule.MaxAgeSeconds = int(age / time.Second)
			return a.setCORS(cmd, args[0], func(rules []icos.CORSRule) []icos.CORSRule { return append(rules, rule) }, true)
		},
	}
	f := cmd.Flags()
	f.StringSliceVar(&rule.AllowedOrigins, "origin", nil, "`ORIGIN` of web pages, such as https://app.example.com; may be repeated")
	f.StringSliceVar(&rule.AllowedMethods, "method", []string{"GET", "HEAD"}, "`METHOD` that they may use; may be repeated")
	f.StringSliceVar(&rule.AllowedHeaders, "header", nil, "`HEADER` that they may send; may be repeated")
	f.StringSliceVar(&rule.ExposeHeaders, "expose", nil, "`HEADER` of answers that they may read; may be repeated")
	f.StringVar(&rule.ID, "id", "", "`NAME` of the rule")
	f.Var(&maxAge, "max-age", "how long a browser may remember the rule, such as 1h")
	return cmd
}

// setCORS changes the rules of a bucket. Change is given those that there are, if they are needed.
func (a *app) setCORS(cmd *cobra.Command, arg string, change func([]icos.CORSRule) []icos.CORSRule, needed bool) error {
	ctx := cmd.Context()
	return a.oneBucket(arg, func(b *icos.Bucket) error {
		var rules []icos.CORSRule
		if needed {
			var err error
			if rules, err = b.CORS(ctx); err != nil {
				return fmt.Errorf("read CORS rules of cos://%s: %w", b.Name(), err)
			}
		}
		if err := b.SetCORS(ctx, change(rules)); err != nil {
			return fmt.Errorf("set CORS rules of cos://%s: %w", b.Name(), err)
		}
		if a.flags.json {
			return a.emit(record{Type: "set_cors", Bucket: b.Name()})
		}
		a.notef("set the CORS rules of cos://%s\n", b.Name())
		return nil
	})
}

func newCORSRm(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "rm cos://BUCKET",
		Short: "Remove all rules",
		Long: `Remove all rules of a bucket: web pages of other origins can not use it any more.

` + exitHelp,
		Example: `  icos cors rm cos://my-bucket`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.oneBucket(args[0], func(b *icos.Bucket) error {
				if err := b.DeleteCORS(cmd.Context()); err != nil {
					return fmt.Errorf("remove CORS rules of cos://%s: %w", b.Name(), err)
				}
				if a.flags.json {
					return a.emit(record{Type: "remove_cors", Bucket: b.Name()})
				}
				a.notef("removed the CORS rules of cos://%s\n", b.Name())
				return nil
			})
		},
	}
}
