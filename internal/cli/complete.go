package cli

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/icos-go/icos"
)

// oneOf has the shell complete a flag of cmd with the words that it takes. Lines of icos run are not completed, and Cobra would
// remember the flags of each of them for good.
func (a *app) oneOf(cmd *cobra.Command, flag string, words ...string) {
	if a.line > 0 {
		return
	}
	if err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err) // there is no such flag, or it is registered twice
	}
}

// completed has the shell complete the operands of c, and of every command below it, by what the line of usage says they are.
func (a *app) completed(c *cobra.Command) {
	if a.line > 0 {
		return
	}
	if c.Runnable() && c.ValidArgsFunction == nil && c.Name() != "help" {
		c.ValidArgs, c.ValidArgsFunction = nil, a.completeOperand
	}
	for _, sub := range c.Commands() {
		a.completed(sub)
	}
}

// completeOperand completes the operand that comes after args.
func (a *app) completeOperand(c *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	kind := operandAt(c, len(args))
	switch {
	case kind == "":
		return nil, cobra.ShellCompDirectiveNoFileComp
	case kind == "ID" && c.Parent().Name() == "jobs":
		return a.completeJobs(args), cobra.ShellCompDirectiveNoFileComp
	case strings.HasPrefix(kind, "cos://"):
		return a.completeRemote(c.Context(), word, kind != "cos://BUCKET")
	case strings.HasPrefix(word, "cos:") || strings.HasPrefix(word, "s3:"):
		return a.completeRemote(c.Context(), word, true)
	case strings.Contains(kind, "|") && strings.ToLower(kind) != strings.ToUpper(kind):
		var words []string
		for _, w := range strings.Split(kind, "|") {
			if w == strings.ToLower(w) && w != "-" {
				words = append(words, w)
			}
		}
		if len(words) > 0 {
			return words, cobra.ShellCompDirectiveNoFileComp
		}
	case strings.Contains(kind, "="), kind == "NAME", kind == "KEY", kind == "ID", kind == "SPAN", kind == "TIME":
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return nil, cobra.ShellCompDirectiveDefault // a file
}

// operandAt is what the line of usage of c calls its n-th operand, "" if there is none.
func operandAt(c *cobra.Command, n int) string {
	_, use, _ := strings.Cut(c.Use, " ")
	for i, word := range strings.Fields(use) {
		if strings.HasPrefix(strings.TrimLeft(word, "["), "-") || word == "[flags]" {
			return ""
		}
		many := strings.HasSuffix(strings.TrimSuffix(word, "]"), "...")
		if word[0] == '[' {
			word = word[1 : len(word)-1]
		}
		if i == n || many && i <= n && !strings.HasPrefix(use, "SOURCE") {
			return strings.TrimSuffix(word, "...")
		}
		if many {
			return "TARGET" // or one more source
		}
	}
	return ""
}

// completeWithin is how long the shell waits for the service.
const completeWithin = 3 * time.Second

// maxCompleted is how many keys are offered: nobody reads more.
const maxCompleted = 200

// completeRemote completes a location in the store: the name of a bucket or, if keys are wanted, a key up to its next slash.
func (a *app) completeRemote(ctx context.Context, word string, keys bool) ([]string, cobra.ShellCompDirective) {
	const none = cobra.ShellCompDirectiveNoFileComp
	scheme := "cos://"
	if strings.HasPrefix(word, "s3:") {
		scheme = "s3://"
	}
	bucket, prefix, inside := strings.Cut(strings.TrimPrefix(word, scheme), "/")
	if len(word) < len(scheme) {
		bucket, prefix, inside = "", "", false
	}
	client, err := a.client()
	if err != nil {
		return nil, none // there is no place to say so
	}
	defer client.Close()
	if ctx == nil {
		ctx = context.Background()
	}
	ctx, cancel := context.WithTimeout(ctx, completeWithin)
	defer cancel()
	switch {
	case !inside:
		return bucketNames(ctx, client, scheme, bucket, keys)
	case !keys:
		return nil, none
	}
	return keyNames(ctx, client.Bucket(bucket), scheme, prefix)
}

// bucketNames are the buckets whose names begin with begin.
func bucketNames(ctx context.Context, client *icos.Client, scheme, begin string, keys bool) ([]string, cobra.ShellCompDirective) {
	directive, end := cobra.ShellCompDirectiveNoFileComp, ""
	if keys {
		directive, end = directive|cobra.ShellCompDirectiveNoSpace, "/"
	}
	var names []string
	for b, err := range client.Buckets(ctx, &icos.BucketsOptions{Prefix: begin}) {
		if err != nil || len(names) == maxCompleted {
			break
		}
		if strings.HasPrefix(b.Name, begin) {
			names = append(names, scheme+b.Name+end)
		}
	}
	return names, directive
}

// keyNames are the keys and prefixes of a bucket that begin with prefix, up to their next slash.
func keyNames(ctx context.Context, bucket *icos.Bucket, scheme, prefix string) ([]string, cobra.ShellCompDirective) {
	directive := cobra.ShellCompDirectiveNoFileComp
	var names []string
	add := func(key string) {
		if printable(key) == key { // a shell would take it for something else
			names = append(names, scheme+bucket.Name()+"/"+key)
		}
	}
	for page, err := range bucket.Pages(ctx, &icos.ListOptions{Prefix: prefix, Delimiter: "/", PageSize: maxCompleted}) {
		if err != nil {
			break
		}
		for _, p := range page.Prefixes {
			directive |= cobra.ShellCompDirectiveNoSpace // more may follow
			add(p)
		}
		for _, o := range page.Objects {
			add(o.Key)
		}
		break // of the first
	}
	return names, directive
}

// completeJobs are the IDs of unfinished jobs, but for those that are given already, with what they do.
func (a *app) completeJobs(given []string) []string {
	var ids []string
next:
	for _, j := range a.unfinished() {
		for _, id := range given {
			if id == j.ID {
				continue next
			}
		}
		ids = append(ids, j.ID+"\t"+printable(j.command()))
	}
	return ids
}
