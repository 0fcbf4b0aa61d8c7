package icos_test

import (
	"context"
	"fmt"

	"github.com/icos-go/icos/keyprotect"
)

// rootKeyCRN finds a root key of a Key Protect instance by its name.
func rootKeyCRN(ctx context.Context, kp *keyprotect.Client, name string) (string, error) {
	for key, err := range kp.Keys(ctx, &keyprotect.ListOptions{RootKeys: true}) {
		if err != nil {
			return "", err
		}
		if key.Name == name {
			return key.CRN, nil
		}
	}
	return "", fmt.Errorf("there is no root key named %s", name)
}

// The instance is that of the local COS. For one of IBM Cloud, keyprotect.Config
// takes its CRN and the API key that icos.Config has.
func Example_rootKeys() {
	kp := cos.KeyProtect()
	if _, err := kp.Create(ctx, "for-buckets", nil); err != nil {
		fmt.Println(err)
		return
	}
	crn, err := rootKeyCRN(ctx, kp, "for-buckets")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(crn[:29])
	_, err = rootKeyCRN(ctx, kp, "for-nothing")
	fmt.Println(err)
	// Output:
	// crn:v1:bluemix:public:kms:us-
	// there is no root key named for-nothing
}
