module github.com/icos-go/icos/interop

go 1.26.0

replace github.com/icos-go/icos => ../

require (
	github.com/aws/aws-sdk-go-v2 v1.47.7
	github.com/aws/smithy-go v1.28.8
	github.com/icos-go/icos v0.0.0-00010101000000-000000000000
)
