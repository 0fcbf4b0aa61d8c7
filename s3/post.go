package s3

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"slices"
)

// PostObjectRequest uploads a file by a form, as a browser does.
type PostObjectRequest struct {
	Form     *PostForm
	Filename string    // what ${filename} stands for
	Body     io.Reader // read once
	Size     int64     // bytes of Body; -1 if not known
}

// PostObjectResponse describes what has been stored.
type PostObjectResponse struct {
	ETag      string
	Location  string // address of the object, or that to which the form sends browsers
	VersionID string
}

// PostObject sends a form with a file. The form alone lets it in: the credentials
// of c are not sent, and the request is tried once. To upload with credentials,
// use PutObject.
func (c *Client) PostObject(ctx context.Context, r *PostObjectRequest) (*PostObjectResponse, error) {
	x := &exchange{op: operation{name: "PostObject", method: http.MethodPost}}
	if r == nil || r.Form == nil || r.Body == nil {
		return nil, x.wrap(errors.New("no form, or no body"))
	}
	req, err := r.request(ctx)
	if err != nil {
		return nil, x.wrap(err)
	}
	req.Header.Set("User-Agent", c.agent)
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, x.wrap(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	switch {
	case err != nil:
		return nil, x.wrap(fmt.Errorf("read response: %w", err))
	case resp.StatusCode >= 300 && resp.StatusCode != http.StatusSeeOther:
		return nil, x.errorOf(resp, body)
	}
	return &PostObjectResponse{
		ETag:      resp.Header.Get("ETag"),
		Location:  resp.Header.Get("Location"),
		VersionID: resp.Header.Get("X-Amz-Version-Id"),
	}, nil
}

// request writes the form around the body.
func (r *PostObjectRequest) request(ctx context.Context) (*http.Request, error) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(r.Form.Fields)) {
		if err := w.WriteField(name, r.Form.Fields[name]); err != nil {
			return nil, err
		}
	}
	if _, err := w.CreateFormFile("file", r.Filename); err != nil {
		return nil, err
	}
	head := bytes.Clone(b.Bytes())
	b.Reset()
	if err := w.Close(); err != nil {
		return nil, err
	}
	body := io.MultiReader(bytes.NewReader(head), r.Body, bytes.NewReader(b.Bytes()))
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.Form.URL, body)
	if err != nil {
		return nil, err
	}
	if r.Size >= 0 {
		req.ContentLength = int64(len(head)) + r.Size + int64(b.Len())
	}
	req.Header.Set("Content-Type", w.FormDataContentType())
	return req, nil
}
