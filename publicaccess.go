package icos

import (
	"context"
	"errors"
	"fmt"

	"github.com/icos-go/icos/s3"
)

// A PublicAccessBlock says what a bucket does about ACLs that are for everybody. It does nothing about policies of IAM.
type PublicAccessBlock struct {
	BlockACLs  bool // requests that would set one are refused
	IgnoreACLs bool // those that are set let nobody in
}

// PublicAccessBlock returns the public access block of the bucket, which is zero if it has none.
func (b *Bucket) PublicAccessBlock(ctx context.Context) (PublicAccessBlock, error) {
	wire, err := b.wire(ctx)
	if err != nil {
		return PublicAccessBlock{}, fmt.Errorf("get public access block: %w", err)
	}
	resp, err := wire.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockRequest{Bucket: b.name})
	if e, ok := errors.AsType[*Error](err); ok && e.Code == "NoSuchPublicAccessBlockConfiguration" {
		return PublicAccessBlock{}, nil
	}
	if err != nil {
		return PublicAccessBlock{}, fmt.Errorf("get public access block: %w", b.explain(ctx, err))
	}
	return PublicAccessBlock{BlockACLs: resp.BlockPublicACLs, IgnoreACLs: resp.IgnorePublicACLs}, nil
}

// SetPublicAccessBlock replaces the public access block of the bucket, and removes it if p is zero.
func (b *Bucket) SetPublicAccessBlock(ctx context.Context, p PublicAccessBlock) error {
	wire, err := b.wire(ctx)
	if err != nil {
		return fmt.Errorf("set public access block: %w", err)
	}
	if p == (PublicAccessBlock{}) {
		_, err = wire.DeletePublicAccessBlock(ctx, &s3.DeletePublicAccessBlockRequest{Bucket: b.name})
	} else {
		_, err = wire.PutPublicAccessBlock(ctx, &s3.PutPublicAccessBlockRequest{Bucket: b.name, BlockPublicACLs: p.BlockACLs, IgnorePublicACLs: p.IgnoreACLs})
	}
	if err != nil {
		return fmt.Errorf("set public access block: %w", b.explain(ctx, err))
	}
	return nil
}
