package auth_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/icos-go/icos/auth"
)

// An API key is exchanged for a token at the first request and then kept fresh.
// Printing credentials shows no secret.
func ExampleIAM() {
	iam := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, `{"access_token":"eyJraWQi.eyJpYW0i.c2ln","token_type":"Bearer","expires_in":3600}`)
	}))
	defer iam.Close()

	credentials := auth.IAM("my-api-key", &auth.IAMOptions{Endpoint: iam.URL}) // nil for IBM Cloud
	defer credentials.Close()

	r, err := http.NewRequest("GET", "https://s3.us-south.cloud-object-storage.appdomain.cloud/my-bucket", nil)
	if err != nil {
		log.Fatal(err)
	}
	if err := credentials.Authorize(context.Background(), r); err != nil {
		log.Fatal(err)
	}
	fmt.Println(r.Header.Get("Authorization"))
	fmt.Println(credentials)
	// Output:
	// Bearer eyJraWQi.eyJpYW0i.c2ln
	// REDACTED
}

// A refusal says what was refused and what to do.
func ExampleIAMError() {
	iam := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"errorCode":"BXNIM0415E","errorMessage":"Provided API key could not be found."}`)
	}))
	defer iam.Close()

	credentials := auth.IAM("mistyped", &auth.IAMOptions{Endpoint: iam.URL})
	_, err := credentials.Token(context.Background())
	if refusal, ok := errors.AsType[*auth.IAMError](err); ok {
		fmt.Println(refusal.Code, refusal.Message)
	}
	// Output: BXNIM0415E Provided API key could not be found.
}

// A key pair signs requests.
func ExampleHMAC() {
	credentials := auth.HMAC("0123456789abcdef0123456789abcdef", "a-secret")
	r, err := http.NewRequest("GET", "https://s3.us-south.cloud-object-storage.appdomain.cloud/my-bucket/a", nil)
	if err != nil {
		log.Fatal(err)
	}
	r.Header.Set("X-Amz-Date", "20260102T030405Z") // otherwise now
	if err := credentials.Authorize(context.Background(), r); err != nil {
		log.Fatal(err)
	}
	fmt.Println(r.Header.Get("Authorization")[:97])
	// Output: AWS4-HMAC-SHA256 Credential=0123456789abcdef0123456789abcdef/20260102/us-standard/s3/aws4_request
}

// A presigned URL lets someone without credentials do one thing for a while.
func ExampleHMACCredentials_Presign() {
	credentials := auth.HMAC("0123456789abcdef0123456789abcdef", "a-secret")
	r, err := http.NewRequest("GET", "https://s3.us-south.cloud-object-storage.appdomain.cloud/my-bucket/a", nil)
	if err != nil {
		log.Fatal(err)
	}
	u, _, err := credentials.Presign(r, time.Hour, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(u.Path, u.Query().Get("X-Amz-Date"), u.Query().Get("X-Amz-Expires"))
	// Output: /my-bucket/a 20260102T030405Z 3600
}

// Find(nil) looks in the process's environment and files; here both are given. It
// tells where everything comes from.
func ExampleFind() {
	environment := map[string]string{"IBM_API_KEY_ID": "my-api-key", "IBM_SERVICE_INSTANCE_ID": "11111111-2222-3333-4444-555555555555"}
	found, err := auth.Find(&auth.ChainOptions{
		Getenv:   func(name string) string { return environment[name] },
		Home:     "/home/me",
		ReadFile: files{"/home/me/.bluemix/cos_credentials": `{"apikey":"another"}`}.read,
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, s := range found.Sources {
		fmt.Printf("%s: %s, from %s\n", s.Field, s.Value, s.Source)
	}
	for _, s := range found.Skipped {
		if s.Source == "/home/me/.bluemix/cos_credentials: apikey" {
			fmt.Printf("not used: %s: %s\n", s.Source, s.Why)
		}
	}
	// Output:
	// instance id: 11111111-2222-3333-4444-555555555555, from environment IBM_SERVICE_INSTANCE_ID
	// API key: REDACTED, from environment IBM_API_KEY_ID
	// not used: /home/me/.bluemix/cos_credentials: apikey: comes after environment IBM_API_KEY_ID
}
