package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/spf13/cobra"
)

// Main runs the icos command with args, which do not include the program's
// name, and returns the code to exit with. An interrupt or a termination signal
// cancels the command, which then stops cleanly; a second one kills the process
// as if icos had not caught the first.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := interruptible(context.Background())
	defer stop()
	a := &app{stdin: stdin, stdout: stdout, stderr: stderr, getenv: os.Getenv, home: homeDir()}
	return a.run(ctx, args)
}

func homeDir() string {
	home, err := os.UserHomeDir()
	if err != nil {
		return "" // no home: the files of the credential chain are then simply not there
	}
	return home
}

// app is one run of the command: the world it talks to and the flags that every
// verb understands.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string
	home           string

	ctx     context.Context // of the run, for input
	flags   globalFlags
	args    []string       // as given to run
	shared  *sharing       // with other commands of the same run; nil if this is the only one
	verb    string         // the only one that is needed, "" if that is not known
	line    int            // of the file of commands that this one stands on, 0 if it does not
	started bool           // a verb's own code has begun, so an error is no longer one of usage
	command *cobra.Command // the verb that ran, once it has ended
	keyed   bool           // a key of the user's own was given, for an object
	waiting *bufio.Reader  // see input
	hinted  string         // the last hint that was given, which is not repeated
}

// globalFlags are the flags every verb takes.
type globalFlags struct {
	endpoint string
	location string
	instance string
	profile  string
	anon     bool
	json     bool
	quiet    bool
	debug    bool

	identity bool // no flag: of what is found, take the one that is an identity of IAM
}

// args writes the flags as arguments, to give them to another command.
func (g *globalFlags) args() []string {
	var args []string
	for name, value := range map[string]string{
		"endpoint": g.endpoint, "location": g.location, "instance": g.instance, "profile": g.profile,
	} {
		if value != "" {
			args = append(args, "--"+name+"="+value)
		}
	}
	for name, on := range map[string]bool{"anonymous": g.anon, "json": g.json, "quiet": g.quiet, "debug": g.debug} {
		if on {
			args = append(args, "--"+name)
		}
	}
	return args
}

// run runs one command and returns what to exit with.
func (a *app) run(ctx context.Context, args []string) int {
	err := a.execute(ctx, args)
	if err == nil {
		return exitOK
	}
	if cause := context.Cause(ctx); cause != nil && !errors.Is(err, cause) {
		err = fmt.Errorf("%w: %w", err, cause)
	}
	code := exitCode(err)
	if a.line == 0 || ctx.Err() == nil { // that many were interrupted is said once
		a.reportError(err, code)
	}
	return code
}

// execute runs one command.
func (a *app) execute(ctx context.Context, args []string) error {
	a.args, a.ctx = args, ctx
	root := newRoot(a)
	root.SetArgs(args)
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SetHelpFunc(func(c *cobra.Command, _ []string) {
		if unknownCommand(c) == nil {
			a.help(c)
		}
	})
	command, err := root.ExecuteContextC(ctx)
	if err == nil {
		err = unknownCommand(command)
	}
	if err == nil {
		return nil
	}
	a.command = command
	if !a.started {
		err = &usageError{plainUnknown(err)}
		a.flags.json = a.flags.json || slices.Contains(args, "--json") // it may not have been parsed
	}
	return err
}

// unknownCommand is an error if c only has commands below it and was given
// something else. Cobra would show help and call that success.
func unknownCommand(c *cobra.Command) error {
	if c.Runnable() || c.Flags().NArg() == 0 {
		return nil
	}
	return unknownWord(c, c.Flags().Arg(0))
}

func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "icos",
		Short: "IBM Cloud Object Storage, and a local one to build against",
		Long: `icos works with IBM Cloud Object Storage (COS) and any S3-compatible store, and
serves a local COS, so that nothing here needs an account to be tried.

Locations are written cos://BUCKET/KEY (s3:// is accepted too). A plain path is
a local file and - is standard input or output.

Credentials are found in this order: ICOS_* variables, IBM's variables, the
file that COS_CREDENTIALS_FILE names or else ~/.bluemix/cos_credentials,
~/.aws/credentials, AWS variables. "icos config" shows what was found and where.`,
		Example: `  icos demo                                # see all of it run, locally
  icos serve --dir ./data                  # a local COS that keeps its data
  icos mb cos://my-bucket
  icos cp report.pdf cos://my-bucket/2026/
  icos ls cos://my-bucket/2026/`,
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRun: func(*cobra.Command, []string) {
			a.started = true
		},
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: false},
	}
	f := root.PersistentFlags()
	f.StringVar(&a.flags.endpoint, "endpoint", "", "service `URL` (default: ICOS_ENDPOINT, or found from the bucket's location)")
	f.StringVar(&a.flags.location, "location", "", "`LOCATION` of new buckets, such as us-south-standard")
	f.StringVar(&a.flags.instance, "instance", "", "service instance `CRN` or id, to list and create buckets with an API key")
	f.StringVarP(&a.flags.profile, "profile", "p", "", "section `NAME` of ~/.aws/credentials to use")
	f.BoolVar(&a.flags.anon, "anonymous", false, "send no credentials, for public buckets")
	f.BoolVar(&a.flags.json, "json", false, "print one JSON object a line")
	f.BoolVarP(&a.flags.quiet, "quiet", "q", false, "print errors only")
	f.BoolVar(&a.flags.debug, "debug", false, "log each request to standard error, secrets redacted")

	root.AddGroup(
		&cobra.Group{ID: "moving", Title: "Moving files and objects:"},
		&cobra.Group{ID: "objects", Title: "Objects and buckets:"},
		&cobra.Group{ID: "local", Title: "A local COS:"},
		&cobra.Group{ID: "paths", Title: "Long and lossy paths:"},
		&cobra.Group{ID: "setup", Title: "Setting up:"},
	)
	for _, v := range verbs() {
		if a.verb != "" && v.name != a.verb {
			continue
		}
		c := v.make(a)
		c.GroupID = v.group
		root.AddCommand(c)
	}
	root.SetCompletionCommandGroupID("setup")
	root.SetHelpCommandGroupID("setup")
	root.InitDefaultHelpCmd()
	root.SetUsageFunc(a.usage)
	plainly(root)
	a.completed(root)
	return root
}

// verb is one command below icos.
type verb struct {
	name  string
	group string
	make  func(*app) *cobra.Command
}

func verbs() []verb {
	return []verb{
		{"cp", "moving", newCp},
		{"mv", "moving", newMv},
		{"sync", "moving", newSync},
		{"put", "moving", newPut},
		{"pipe", "moving", newPipe},
		{"run", "moving", newRun},
		{"jobs", "moving", newJobs},
		{"top", "moving", newTop},
		{"ls", "objects", newLs},
		{"find", "objects", newFind},
		{"tree", "objects", newTree},
		{"diff", "objects", newDiff},
		{"cat", "objects", newCat},
		{"head", "objects", newHead},
		{"stat", "objects", newStat},
		{"du", "objects", newDu},
		{"rm", "objects", newRm},
		{"versions", "objects", newVersions},
		{"mb", "objects", newMb},
		{"rb", "objects", newRb},
		{"acl", "objects", newACL},
		{"iam", "objects", newIAM},
		{"quota", "objects", newQuota},
		{"firewall", "objects", newFirewall},
		{"kms", "objects", newKMS},
		{"presign", "objects", newPresign},
		{"tag", "objects", newTag},
		{"retention", "objects", newRetention},
		{"hold", "objects", newHold},
		{"lock", "objects", newLock},
		{"lifecycle", "objects", newLifecycle},
		{"restore", "objects", newRestore},
		{"replication", "objects", newReplication},
		{"cors", "objects", newCORS},
		{"website", "objects", newWebsite},
		{"serve", "local", newServe},
		{"admin", "local", newAdmin},
		{"demo", "local", newDemo},
		{"bench", "paths", newBench},
		{"relay", "paths", newRelay},
		{"config", "setup", newConfig},
		{"doctor", "setup", newDoctor},
		{"version", "setup", newVersion},
	}
}
