package icos

import (
	"context"

	"github.com/icos-go/icos/s3"
)

// A PublicAccessBlock says what a bucket does about ACLs that are for everybody. It does nothing about policies of IAM.
type PublicAccessBlock struct {
	BlockACLs  bool // requests that would set one are refused
	IgnoreACLs bool // those that are set let nobody in
}

// PublicAccessBlock returns the public access block of the bucket, which is zero if it has none.
func (b *Bucket) PublicAccessBlock(ctx context.Context) (PublicAccessBlock, error) {
	resp, err := call(ctx, b, "get public access block", (*s3.Client).GetPublicAccessBlock, &s3.GetPublicAccessBlockRequest{Bucket: b.name})
	if hasCode(err, "NoSuchPublicAccessBlockConfiguration") {
		return PublicAccessBlock{}, nil
	}
	if err != nil {
		return PublicAccessBlock{}, err
	}
	return PublicAccessBlock{BlockACLs: resp.BlockPublicACLs, IgnoreACLs: resp.IgnorePublicACLs}, nil
}

// SetPublicAccessBlock replaces the public access block of the bucket, and removes it if p is zero.
func (b *Bucket) SetPublicAccessBlock(ctx context.Context, p PublicAccessBlock) error {
	const step = "set public access block"
	if p == (PublicAccessBlock{}) {
		_, err := call(ctx, b, step, (*s3.Client).DeletePublicAccessBlock, &s3.DeletePublicAccessBlockRequest{Bucket: b.name})
		return err
	}
	_, err := call(ctx, b, step, (*s3.Client).PutPublicAccessBlock, &s3.PutPublicAccessBlockRequest{
		Bucket: b.name, BlockPublicACLs: p.BlockACLs, IgnorePublicACLs: p.IgnoreACLs,
	})
	return err
}
