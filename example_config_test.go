package icos_test

import (
	"fmt"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/auth"
)

// Configuration says where the service is and who calls it.
type Configuration struct {
	Endpoint     string // such as https://s3.us-south.cloud-object-storage.appdomain.cloud
	APIKey       string
	AuthEndpoint string // "" for that of IBM Cloud
	InstanceID   string // CRN of the service instance
	Location     string // such as us-south-standard; must suit the endpoint
}

func newClient(c Configuration) (*icos.Client, error) {
	return icos.NewClient(icos.Config{
		Endpoint:    c.Endpoint,
		Credentials: auth.IAM(c.APIKey, &auth.IAMOptions{Endpoint: c.AuthEndpoint}),
		InstanceID:  c.InstanceID,
		Location:    c.Location,
	})
}

func ExampleNewClient() {
	client, err := newClient(Configuration{
		Endpoint:     cos.URL,
		APIKey:       cos.Credential.APIKey,
		AuthEndpoint: cos.Credential.AuthEndpoint,
		InstanceID:   cos.Credential.ResourceInstanceID,
		Location:     "us-south-standard",
	})
	if err != nil {
		fmt.Println("Unable to create client:", err)
		return
	}
	defer client.Close()
	fmt.Println("Ready:", client.Endpoint() == cos.URL)
	// Output: Ready: true
}
