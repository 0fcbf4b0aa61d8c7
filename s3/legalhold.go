package s3

import (
	"context"
	"strings"
	"time"
)

// Retention periods that are not a number of seconds.
const (
	RetentionIndefinite = -1 // until ExtendObjectRetention says how long
	RetentionPermanent  = -2 // for ever, if the bucket allows that
)

// A LegalHold keeps an object, whatever its retention period, until it is deleted.
type LegalHold struct {
	ID   string    // 1–64 letters, digits and !_.*()'-
	Date time.Time // when it was added
}

// AddLegalHoldRequest puts a legal hold on an object of a bucket with a retention policy.
type AddLegalHoldRequest struct {
	Bucket string `path:"bucket"`
	Key    string `path:"key"`
	ID     string `query:"add" need:"true"`
}

// AddLegalHoldResponse has nothing to say.
type AddLegalHoldResponse struct{}

// AddLegalHold puts a legal hold on an object, which can have 100 of them. One that
// is there already gives an error that is fs.ErrExist.
func (c *Client) AddLegalHold(ctx context.Context, r *AddLegalHoldRequest) (*AddLegalHoldResponse, error) {
	return call[AddLegalHoldResponse](ctx, c, operation{name: "AddLegalHold", method: "POST", query: "legalHold", flags: idempotent | takenIsDone}, r)
}

// DeleteLegalHoldRequest takes a legal hold off an object.
type DeleteLegalHoldRequest struct {
	Bucket string `path:"bucket"`
	Key    string `path:"key"`
	ID     string `query:"remove" need:"true"`
}

// DeleteLegalHoldResponse has nothing to say.
type DeleteLegalHoldResponse struct{}

// DeleteLegalHold takes a legal hold off an object.
func (c *Client) DeleteLegalHold(ctx context.Context, r *DeleteLegalHoldRequest) (*DeleteLegalHoldResponse, error) {
	return call[DeleteLegalHoldResponse](ctx, c, operation{name: "DeleteLegalHold", method: "POST", query: "legalHold", flags: idempotent | goneIsDone}, r)
}

// ListLegalHoldsRequest asks what keeps an object.
type ListLegalHoldsRequest struct {
	Bucket string `path:"bucket"`
	Key    string `path:"key"`
}

// ListLegalHoldsResponse is what keeps an object.
type ListLegalHoldsResponse struct {
	CreateTime                    time.Time // when the retention period began
	RetentionPeriod               int64     // seconds, RetentionIndefinite or RetentionPermanent
	RetentionPeriodExpirationDate time.Time // zero unless the period is a number of seconds
	LegalHolds                    []LegalHold
}

// ListLegalHolds reads the retention period of an object and the legal holds on it.
// An object without a retention period gives an error that is fs.ErrNotExist.
func (c *Client) ListLegalHolds(ctx context.Context, r *ListLegalHoldsRequest) (*ListLegalHoldsResponse, error) {
	return call[ListLegalHoldsResponse](ctx, c, operation{name: "ListLegalHolds", method: "GET", query: "legalHold"}, r)
}

// ExtendObjectRetentionRequest lengthens the retention period of an object, in
// exactly one of four ways. An indefinite period becomes a definite one.
type ExtendObjectRetentionRequest struct {
	Bucket string `path:"bucket"`
	Key    string `path:"key"`

	AdditionalRetentionPeriod      *int64    `header:"Additional-Retention-Period"`        // seconds more
	ExtendRetentionFromCurrentTime *int64    `header:"Extend-Retention-From-Current-Time"` // seconds from now on
	NewRetentionPeriod             *int64    `header:"New-Retention-Period"`               // seconds since the object was stored
	NewRetentionExpirationDate     time.Time `header:"New-Retention-Expiration-Date" time:"iso"`
}

// ExtendObjectRetentionResponse has nothing to say.
type ExtendObjectRetentionResponse struct{}

// ExtendObjectRetention lengthens the retention period of an object; it cannot be
// shortened. With AdditionalRetentionPeriod, a request that may have been carried
// out is not repeated, lest the period grow twice. With the others, when an answer
// is lost, a retry may hear that the period is no longer than what the attempt
// before made it.
func (c *Client) ExtendObjectRetention(ctx context.Context, r *ExtendObjectRetentionRequest) (*ExtendObjectRetentionResponse, error) {
	op := operation{name: "ExtendObjectRetention", method: "POST", query: "extendRetention"}
	if r != nil && r.AdditionalRetentionPeriod == nil {
		op.flags |= idempotent
	}
	return call[ExtendObjectRetentionResponse](ctx, c, op, r)
}

func (r *ListLegalHoldsResponse) parse(s *scanner) error {
	if err := s.root("RetentionState"); err != nil {
		return err
	}
	for d := s.depth; s.child(d); {
		switch string(s.name()) {
		case "CreateTime":
			r.CreateTime = s.foldedTime()
		case "RetentionPeriod":
			r.RetentionPeriod = s.int64()
		case "RetentionPeriodExpirationDate":
			r.RetentionPeriodExpirationDate = s.foldedTime()
		case "LegalHolds", "LegalHoldSet": // sources differ on the name, and on that of the children
			for d := s.depth; s.child(d); {
				switch string(s.name()) {
				case "LegalHold", "member":
					r.LegalHolds = append(r.LegalHolds, s.legalHold())
				}
			}
		}
	}
	return s.err
}

func (s *scanner) legalHold() (h LegalHold) {
	for d := s.depth; s.child(d); {
		switch string(s.name()) {
		case "ID":
			h.ID = s.str()
		case "Date":
			h.Date = s.foldedTime()
		}
	}
	return h
}

// foldedTime is text as a time that may have line breaks in it.
func (s *scanner) foldedTime() time.Time {
	return parseTime(strings.Join(strings.Fields(string(s.text())), " "))
}
