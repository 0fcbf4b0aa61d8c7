// Package awsv2 lets programs that use Amazon's SDK for Go, version 2, call IBM Cloud
// Object Storage with what icos calls it with: bearer tokens of IBM Cloud IAM above
// all, which that SDK's client for S3 knows nothing of.
//
// [NewClient] makes an s3.Client from an icos.Config, such as the one that
// icos.LoadConfig finds:
//
//	cfg, err := icos.LoadConfig()
//	...
//	client, err := awsv2.NewClient(cfg)
//
// Programs that configure the SDK themselves add [WithCredentials] to its options:
//
//	client := s3.NewFromConfig(awsConfig, awsv2.WithCredentials(auth.IAM(apiKey, nil), instanceID))
//
// Tokens are fetched when the first request needs one and kept fresh, also between
// the attempts of one request. A presigned URL is a signature, which a token cannot
// make: s3.PresignClient needs HMAC keys, given to the SDK as its own credentials.
package awsv2
