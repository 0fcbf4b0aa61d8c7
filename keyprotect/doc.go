// Package keyprotect is a client of IBM Key Protect: it lists, makes and imports the keys that buckets of IBM Cloud Object Storage are
// encrypted under, and wraps and unwraps keys of your own with them.
//
//	kp, err := keyprotect.New(keyprotect.Config{Instance: crn, Credentials: auth.IAM(apiKey, nil)})
//	for key, err := range kp.Keys(ctx, &keyprotect.ListOptions{RootKeys: true}) {
//		fmt.Println(key.Name, key.CRN)
//	}
//
// The CRN of a root key is what makes a bucket an encrypted one; see CreateOptions of package icos. [LoadConfig] finds what New needs
// where the rest of icos finds it. Requests that may be carried out twice are retried; key material is never printed.
package keyprotect
