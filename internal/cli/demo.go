package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/auth"
	"github.com/icos-go/icos/s3"
)

func newDemo(a *app) *cobra.Command {
	d := demo{app: a, limit: 1 << 30}
	cmd := &cobra.Command{
		Use:   "demo [DIR]",
		Short: "Start a COS, try everything on DIR, and clean up",
		Long: `Start a COS in a temporary directory, walk through IBM's guide to Cloud Object
Storage against it, upload every file under DIR (default: the current
directory), download it all again, compare every byte, and clean up.

Nothing leaves this machine and DIR is only read. It needs about as much free
space in the temporary directory as is uploaded.`,
		Example: `  icos demo
  icos demo --max 5GiB ~/Pictures`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			d.dir = "."
			if len(args) == 1 {
				d.dir = args[0]
			}
			return d.run(cmd.Context())
		},
	}
	cmd.Flags().Var(&d.limit, "max", "upload no more than this many bytes of DIR")
	return cmd
}

// demo walks through the guide against a COS of its own.
type demo struct {
	*app
	dir   string
	limit sizeFlag

	client *icos.Client
	bucket *icos.Bucket
	step   int
}

// demoJobs is how many files the demo moves at once, on what is usually a laptop.
const demoJobs = 8

func (d *demo) run(ctx context.Context) (err error) {
	if info, err := os.Stat(d.dir); err != nil {
		return err
	} else if !info.IsDir() {
		return &usageError{fmt.Errorf("%s is not a directory", d.dir)}
	}
	data, err := os.MkdirTemp("", "icos-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(data)) }()

	began := time.Now()
	cos, err := d.startServer(data)
	if err != nil {
		return fmt.Errorf("start the local COS: %w", err)
	}
	defer func() { err = errors.Join(err, cos.close()) }()
	d.say("A local COS is ready after %v", time.Since(began).Round(time.Millisecond))
	d.tell("endpoint %s, IAM at %s, data in a temporary directory", cos.url, cos.credential.AuthEndpoint)

	iam := auth.IAM(cos.credential.APIKey, &auth.IAMOptions{Endpoint: cos.credential.AuthEndpoint})
	defer iam.Close()
	d.client, err = icos.NewClient(icos.Config{
		Endpoint:    cos.url,
		Credentials: iam,
		InstanceID:  cos.credential.ResourceInstanceID,
		Location:    "us-south-standard",
	})
	if err != nil {
		return err
	}
	defer d.client.Close()
	d.bucket = d.client.Bucket("icos-demo")
	for _, step := range []func(context.Context) error{
		d.createBucket, d.textFile, d.security, d.multipart, d.manualMultipart, d.highSpeed, d.directory, d.pages, d.presigned(cos), d.cleanUp,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	d.say("Done in %v", time.Since(began).Round(time.Millisecond))
	d.tell("Keep one of your own:  icos serve --dir ./data")
	return nil
}

// say begins a step, tell adds to it. The demo is all its output, so both go to
// standard output.
func (d *demo) say(format string, args ...any) {
	d.step++
	d.line("step", fmt.Sprintf("\n%2d  ", d.step), fmt.Sprintf(format, args...))
}

func (d *demo) tell(format string, args ...any) {
	d.line("note", "    ", fmt.Sprintf(format, args...))
}

func (d *demo) line(kind, before, text string) {
	// Whether anyone reads along does not change what the demo proves.
	switch {
	case d.flags.quiet:
	case d.flags.json:
		_ = d.emit(record{Type: kind, Message: strings.TrimSpace(text)})
	default:
		_ = d.printf("%s%s\n", before, text)
	}
}

func (d *demo) createBucket(ctx context.Context) error {
	d.say("Create a bucket with an IAM token")
	if err := d.bucket.Create(ctx, nil); err != nil {
		return err
	}
	for b, err := range d.client.Buckets(ctx, nil) {
		if err != nil {
			return err
		}
		d.tell("Bucket Name: %s (%s)", b.Name, b.Location)
	}
	return nil
}

func (d *demo) textFile(ctx context.Context) error {
	d.say("Write a text file and read it back")
	obj := d.bucket.Object("hello.txt")
	const text = "Hello from a bucket on this machine."
	if _, err := obj.Put(ctx, strings.NewReader(text), nil); err != nil {
		return err
	}
	r, err := obj.Get(ctx, nil)
	if err != nil {
		return err
	}
	defer r.Close()
	got, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if string(got) != text {
		return fmt.Errorf("read hello.txt: %w", errMismatch)
	}
	d.tell("File Contents: %s", got)
	return nil
}

func (d *demo) security(ctx context.Context) error {
	d.say("View the security of the bucket and of the file, then delete the file")
	obj := d.bucket.Object("hello.txt")
	if err := obj.SetACL(ctx, icos.PublicRead); err != nil {
		return err
	}
	for _, thing := range []struct {
		name string
		acl  func(context.Context) (*icos.ACL, error)
	}{{"bucket", d.bucket.ACL}, {"hello.txt, made public", obj.ACL}} {
		acl, err := thing.acl(ctx)
		if err != nil {
			return err
		}
		d.tell("%s: owner %s", thing.name, acl.Owner)
		for _, g := range acl.Grants {
			d.tell("    %s (%s)", g.Grantee, g.Permission)
		}
	}
	return obj.Delete(ctx)
}

func (d *demo) multipart(ctx context.Context) error {
	const size, part = 64 << 20, 5 << 20
	d.say("Upload 64 MiB in parts of 5 MiB, all by itself")
	began := time.Now()
	obj := d.bucket.Object("multipart/automatic.bin")
	if _, err := obj.Put(ctx, newPattern(size), &icos.PutOptions{PartSize: part, Threshold: 15 << 20}); err != nil {
		return err
	}
	d.tell("up   %s", formatRate(size, time.Since(began)))
	began = time.Now()
	if err := d.compare(ctx, obj, newPattern(size)); err != nil {
		return err
	}
	d.tell("down %s, every byte compared", formatRate(size, time.Since(began)))
	return obj.Delete(ctx)
}

func (d *demo) manualMultipart(ctx context.Context) (err error) {
	const size, part = 12 << 20, 5 << 20
	d.say("Upload 12 MiB in parts by hand")
	wire, obj := d.client.S3(), d.bucket.Object("multipart/manual.bin")
	mp, err := wire.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadRequest{Bucket: d.bucket.Name(), Key: obj.Key()})
	if err != nil {
		return err
	}
	source := newPattern(size)
	var parts []s3.CompletedPart
	for off := int64(0); off < size; off += part {
		body := io.NewSectionReader(source, off, min(part, size-off))
		p, err := wire.UploadPart(ctx, &s3.UploadPartRequest{
			Bucket: d.bucket.Name(), Key: obj.Key(), UploadID: mp.UploadID,
			PartNumber: len(parts) + 1, Body: body, ContentLength: body.Size(),
		})
		if err != nil {
			return err
		}
		d.tell("part %d of 3: %s", len(parts)+1, formatSize(body.Size()))
		parts = append(parts, s3.CompletedPart{PartNumber: len(parts) + 1, ETag: p.ETag})
	}
	if _, err := wire.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadRequest{
		Bucket: d.bucket.Name(), Key: obj.Key(), UploadID: mp.UploadID, Parts: parts,
	}); err != nil {
		return err
	}
	if err := d.compare(ctx, obj, newPattern(size)); err != nil {
		return err
	}
	d.tell("complete, every byte compared")
	return obj.Delete(ctx)
}

func (d *demo) pages(ctx context.Context) error {
	d.say("List the bucket in pages of 100")
	pages, shown, objects := 0, 0, 0
	for page, err := range d.bucket.Pages(ctx, &icos.ListOptions{PageSize: 100}) {
		if err != nil {
			return err
		}
		pages++
		objects += len(page.Objects)
		for _, obj := range page.Objects {
			if shown < 3 {
				d.tell("Item: %s (%d bytes).", printable(obj.Key), obj.Size)
			}
			shown++
		}
	}
	if shown > 3 {
		d.tell("… and %d more, in %s", objects-3, plural(pages, "page"))
	}
	return nil
}

func (d *demo) presigned(cos *localCOS) func(context.Context) error {
	return func(ctx context.Context) error {
		d.say("Sign with HMAC keys instead, and presign a URL")
		client, err := icos.NewClient(icos.Config{
			Endpoint:    cos.url,
			Credentials: auth.HMAC(cos.credential.HMACKeys.AccessKeyID, cos.credential.HMACKeys.SecretAccessKey),
		})
		if err != nil {
			return err
		}
		defer client.Close()
		obj := client.Bucket(d.bucket.Name()).Object("signed.txt")
		if _, err := obj.Put(ctx, strings.NewReader("signed"), nil); err != nil {
			return err
		}
		u, err := obj.Presign(ctx, "GET", time.Minute, nil)
		if err != nil {
			return err
		}
		path, _, _ := strings.Cut(u.URL, "?")
		d.tell("%s?X-Amz-Algorithm=… works for a minute, for anyone", path)
		return nil
	}
}

func (d *demo) cleanUp(ctx context.Context) error {
	d.say("Delete everything")
	began := time.Now()
	n, err := removeAll(ctx, d.bucket, "", nil)
	if err != nil {
		return err
	}
	if err := d.bucket.Delete(ctx); err != nil {
		return err
	}
	d.tell("%s and the bucket, in %v", plural(n, "object"), time.Since(began).Round(time.Millisecond))
	return nil
}
