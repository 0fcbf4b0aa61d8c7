package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"

	"github.com/icos-go/icos"
)

// maxDocument bounds a file that configures a bucket.
const maxDocument = 1 << 20 // bytes

// readDocument reads a file of JSON, or standard input if it is -. Members that v
// does not have are an error, since they would be lost.
func (a *app) readDocument(file string, v any) error {
	var in io.Reader
	if file == "-" {
		file, in = "standard input", a.typedInput()
	} else {
		f, err := os.Open(file)
		if err != nil {
			return err
		}
		defer f.Close()
		in = f
	}
	d := json.NewDecoder(io.LimitReader(in, maxDocument))
	d.DisallowUnknownFields()
	if err := d.Decode(v); errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("read %s: the JSON ends before it is complete", file) // no broken connection, so do not wrap
	} else if err != nil {
		return fmt.Errorf("read %s: %w", file, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("read %s: there is more after the document, or more than %d bytes", file, maxDocument)
	}
	return nil
}

// oneBucket calls f for the bucket that arg names.
func (a *app) oneBucket(arg string, f func(*icos.Bucket) error) error {
	name, err := parseBucket(arg)
	if err != nil {
		return &usageError{err}
	}
	client, err := a.client()
	if err != nil {
		return err
	}
	defer client.Close()
	return f(client.Bucket(name))
}

// parseRedirect reads the address of another host.
func parseRedirect(s string) (*icos.WebsiteRedirect, error) {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "" || u.User != nil || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("%q is not an address such as https://www.example.com", s)
	}
	return &icos.WebsiteRedirect{HostName: u.Host, Protocol: u.Scheme}, nil
}
