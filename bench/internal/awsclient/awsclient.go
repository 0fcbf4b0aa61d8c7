// Package awsclient makes the client of aws-sdk-go-v2 that its programs share.
package awsclient

import (
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/icos-go/icos/bench/internal/drive"
)

// New returns a client that keeps a connection for each worker.
func New(c drive.Config) *s3.Client {
	httpClient := awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		t.MaxIdleConnsPerHost = c.Workers
	})
	return s3.New(s3.Options{
		Region:       "us-east-1",
		BaseEndpoint: aws.String(c.Endpoint),
		UsePathStyle: true,
		HTTPClient:   httpClient,
		Credentials:  credentials.NewStaticCredentialsProvider(c.AccessKeyID, c.SecretAccessKey, ""),

		DisableLogOutputChecksumValidationSkipped: true,
	})
}
