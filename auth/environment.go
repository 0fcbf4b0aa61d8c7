package auth

import "strings"

// icosVariables looks at our own variables.
func (f *finder) icosVariables() (*candidate, error) {
	key, token := f.env("ICOS_API_KEY"), f.env("ICOS_TOKEN")
	access, secret := f.env("ICOS_ACCESS_KEY_ID"), f.env("ICOS_SECRET_ACCESS_KEY")
	switch {
	case key.text != "":
		for _, v := range []value{token, access} {
			if v.text != "" {
				f.skip(v.source, "ICOS_API_KEY comes first")
			}
		}
		return &candidate{kind: KindAPIKey, apiKey: key}, nil
	case token.text != "":
		if access.text != "" {
			f.skip(access.source, "ICOS_TOKEN comes first")
		}
		return &candidate{kind: KindToken, token: token}, nil
	case access.text != "" && secret.text == "":
		return nil, &PartialError{Source: access.source, Missing: "ICOS_SECRET_ACCESS_KEY"}
	case access.text != "":
		return &candidate{kind: KindHMAC, access: access, secret: secret}, nil
	case secret.text != "":
		f.skip(secret.source, "ICOS_ACCESS_KEY_ID is not set")
		return nil, nil
	}
	f.skip("environment ICOS_API_KEY, ICOS_TOKEN, ICOS_ACCESS_KEY_ID", "not set")
	return nil, nil
}

// ibmVariables looks at the variables of IBM's COS SDKs.
func (f *finder) ibmVariables() (*candidate, error) {
	key := f.env("IBM_API_KEY_ID")
	if key.text == "" {
		f.skip(key.source, "not set")
		return nil, nil
	}
	return &candidate{
		kind:         KindAPIKey,
		apiKey:       key,
		instance:     f.env("IBM_SERVICE_INSTANCE_ID"),
		authEndpoint: f.env("IBM_AUTH_ENDPOINT"),
	}, nil
}

// trustedProfile looks at the variables by which IBM's Go SDK finds a profile.
func (f *finder) trustedProfile() (*candidate, error) {
	id, name := f.env("TRUSTED_PROFILE_ID"), f.env("TRUSTED_PROFILE_NAME")
	key := f.env("IBM_SERVICE_ID_API_KEY")
	c := &candidate{kind: KindTrustedProfile, named: id, profile: ProfileOptions{
		ID:        id.text,
		Name:      name.text,
		AccountID: f.env("IAM_ACCOUNT_ID").text,
		TokenFile: f.env("CR_TOKEN_FILE_PATH").text,
		APIKey:    key.text,
	}}
	switch {
	case id.text != "":
		return c, nil
	case name.text != "":
		c.named = name
		return c, nil
	case key.text != "":
		f.skip(key.source, "neither TRUSTED_PROFILE_ID nor TRUSTED_PROFILE_NAME is set")
		return nil, nil
	}
	f.skip("environment TRUSTED_PROFILE_ID, TRUSTED_PROFILE_NAME", "not set")
	return nil, nil
}

// cloudVariables looks at the variables of the ibmcloud command and of Terraform.
func (f *finder) cloudVariables() (*candidate, error) {
	for _, name := range []string{"IBMCLOUD_API_KEY", "IC_API_KEY"} {
		if key := f.env(name); key.text != "" {
			return &candidate{kind: KindAPIKey, apiKey: key}, nil
		}
	}
	f.skip("environment IBMCLOUD_API_KEY, IC_API_KEY", "not set")
	return nil, nil
}

// awsVariables looks at AWS's variables.
func (f *finder) awsVariables() (*candidate, error) {
	access, secret := f.env("AWS_ACCESS_KEY_ID"), f.env("AWS_SECRET_ACCESS_KEY")
	switch {
	case access.text == "" && secret.text != "":
		f.skip(secret.source, "AWS_ACCESS_KEY_ID is not set")
		return nil, nil
	case access.text == "":
		f.skip(access.source, "not set")
		return nil, nil
	case secret.text == "":
		return nil, &PartialError{Source: access.source, Missing: "AWS_SECRET_ACCESS_KEY"}
	}
	c := pair(access, secret, false)
	c.session = f.either("AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN")
	f.awsSettings(c, value{}, value{})
	return c, nil
}

// awsSettings fills in what AWS's tools read beside a pair: the variables first, then
// what the profile has.
func (f *finder) awsSettings(c *candidate, region, endpoint value) {
	if !c.aws {
		return
	}
	if c.region = f.either("AWS_REGION", "AWS_DEFAULT_REGION"); c.region.text == "" {
		c.region = region
	}
	if c.endpoint = f.either("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"); c.endpoint.text == "" {
		c.endpoint = endpoint
	}
}

func (f *finder) either(names ...string) value {
	for _, name := range names {
		if v := f.env(name); v.text != "" {
			return v
		}
	}
	return value{}
}

// pair says what an AWS access key and secret are. Someone who came from AWS may have
// put an API key and the id of a service instance into the two fields, as IBM's guide
// tells them to. No secret key looks like such an id.
func pair(access, secret value, iam bool) *candidate {
	if iam || instanceID(secret.text) {
		return &candidate{kind: KindAPIKey, apiKey: access, instance: secret}
	}
	return &candidate{kind: KindHMAC, aws: true, access: access, secret: secret}
}

// instanceID reports whether s is the CRN of a COS instance, or a UUID.
func instanceID(s string) bool {
	if strings.HasPrefix(s, "crn:") {
		return strings.Contains(s, ":cloud-object-storage:")
	}
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if !('0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F') {
				return false
			}
		}
	}
	return true
}
