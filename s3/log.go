package s3

import (
	"context"
	"log/slog"
	"net/http"
	"time"
)

// logged says which headers may appear in a log. Whatever is not here may hold a secret.
func logged(name string) bool {
	switch name {
	case "Accept-Ranges", "Content-Length", "Content-Md5", "Content-Range", "Content-Type", "Date", "Etag", "Expect",
		"If-Match", "If-Modified-Since", "If-None-Match", "If-Unmodified-Since", "Last-Modified", "Range",
		"Retry-After", "Server", "User-Agent", "X-Amz-Checksum-Crc32", "X-Amz-Checksum-Crc32c", "X-Amz-Checksum-Crc64nvme",
		"X-Amz-Checksum-Mode", "X-Amz-Checksum-Sha1", "X-Amz-Checksum-Sha256", "X-Amz-Checksum-Type", "X-Amz-Date",
		"X-Amz-Request-Id", "X-Clv-Request-Id":
		return true
	}
	return false
}

func headersOf(h http.Header) slog.Value {
	attrs := make([]slog.Attr, 0, len(h))
	for name, values := range h {
		if logged(name) && len(values) > 0 {
			attrs = append(attrs, slog.String(name, values[0]))
		}
	}
	return slog.GroupValue(attrs...)
}

// log writes the record of one attempt. The query is left out: upload ids and
// signatures are in it.
func (c *Client) log(ctx context.Context, x *exchange, req *http.Request, r *http.Response, err error, took time.Duration) {
	if !c.logger.Enabled(ctx, slog.LevelDebug) {
		return
	}
	attrs := []slog.Attr{
		slog.String("op", x.op.name),
		slog.String("bucket", x.bucket),
		slog.String("key", x.key),
		slog.String("method", req.Method),
		slog.String("host", req.Host),
		slog.Int("attempt", x.attempts),
		slog.Duration("took", took),
		{Key: "sent", Value: headersOf(req.Header)},
	}
	if r != nil {
		attrs = append(attrs, slog.Int("status", r.StatusCode), slog.Attr{Key: "received", Value: headersOf(r.Header)})
	}
	if err != nil {
		attrs = append(attrs, slog.String("error", err.Error()))
	}
	c.logger.LogAttrs(ctx, slog.LevelDebug, "s3 attempt", attrs...)
}
