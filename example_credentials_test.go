package icos_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/icos-go/icos"
)

func sourceCredentials() (*icos.Client, error) {
	cfg, err := icos.LoadConfig() // ICOS_* variables, ~/.bluemix/cos_credentials, ~/.aws/credentials, …
	if err != nil {
		return nil, err
	}
	return icos.NewClient(cfg)
}

func ExampleLoadConfig() {
	// Save the service credential where IBM's SDKs look for it.
	home, err := os.MkdirTemp("", "home-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(home)
	defer os.Setenv("HOME", os.Getenv("HOME"))
	os.Setenv("HOME", home)
	doc, err := json.Marshal(cos.Credential)
	if err == nil {
		err = os.Mkdir(filepath.Join(home, ".bluemix"), 0o700)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(home, ".bluemix", "cos_credentials"), doc, 0o600)
	}
	if err != nil {
		fmt.Println(err)
		return
	}

	client, err := sourceCredentials()
	if err != nil {
		fmt.Println("Unable to create client:", err)
		return
	}
	defer client.Close()
	fmt.Println("Found credentials.")
	// Output: Found credentials.
}
