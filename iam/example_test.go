package iam_test

import (
	"context"
	"fmt"
	"log"

	"github.com/icos-go/icos/iam"
	"github.com/icos-go/icos/icostest"
)

// A credential of a service that may write below one prefix of one bucket, and
// nothing else.
func ExampleClient_CreateKey() {
	cos, err := icostest.Start(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer cos.Close()
	cfg := cos.Config()
	client, err := iam.New(iam.Config{Endpoint: cos.URL, Credentials: cfg.Credentials}) // a program uses iam.LoadConfig
	if err != nil {
		log.Fatal(err)
	}

	ctx := context.Background()
	key, err := client.CreateKey(ctx, cfg.InstanceID, "june", nil)
	if err != nil {
		log.Fatal(err)
	}
	policy, err := client.CreatePolicy(ctx, &iam.Policy{
		Subject: key.IAMID(), Roles: []iam.Role{iam.Writer}, Instance: cfg.InstanceID, Bucket: "reports", Prefix: "june/",
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(key.Name, policy.Roles, policy.Bucket, policy.Prefix)
	// Output: june [Writer] reports june/
}
