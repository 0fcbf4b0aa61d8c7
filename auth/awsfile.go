package auth

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
)

// icosProfile looks at the profile that our own variable names. It must be there and
// have credentials.
func (f *finder) icosProfile() (*candidate, error) {
	name := f.env("ICOS_PROFILE")
	if name.text == "" {
		f.skip(name.source, "not set")
		return nil, nil
	}
	return f.profile(name.text)
}

// profile looks at a profile that was asked for.
func (f *finder) profile(name string) (*candidate, error) {
	c, err := f.awsProfile(name)
	if err == nil && c == nil {
		err = fmt.Errorf("find credentials: profile %q has neither ibm_api_key_id nor aws_access_key_id", name)
	}
	return c, err
}

// awsFiles looks at the profile that AWS's tools would use.
func (f *finder) awsFiles() (*candidate, error) {
	name := f.either("AWS_PROFILE", "AWS_DEFAULT_PROFILE")
	if name.text != "" {
		return f.awsProfile(name.text)
	}
	c, err := f.awsProfile("default")
	if errors.Is(err, ErrNoProfile) {
		return nil, nil // nobody asked for one; what was looked at is noted
	}
	return c, err
}

// An awsSection is a section of one of AWS's files.
type awsSection struct {
	file    file
	name    string
	options section
}

func (s awsSection) value(option string) value {
	return value{
		text:    s.options[option],
		source:  s.file.name + ": [" + s.name + "] " + option,
		warning: s.file.warning,
	}
}

// awsProfile looks at a profile in ~/.aws/credentials and then in ~/.aws/config.
func (f *finder) awsProfile(name string) (*candidate, error) {
	credentials, err := f.awsSection("AWS_SHARED_CREDENTIALS_FILE", "credentials", name)
	if err != nil {
		return nil, err
	}
	configName := "profile " + name
	if name == "default" {
		configName = name
	}
	config, err := f.awsSection("AWS_CONFIG_FILE", "config", configName)
	if err != nil {
		return nil, err
	}
	if credentials.options == nil && config.options == nil {
		return nil, fmt.Errorf("find credentials: %w: %q is in neither %s nor %s; check the name, or unset the variable that chooses it",
			ErrNoProfile, name, credentials.file.name, config.file.name)
	}
	// A setting may be in either file; credentials are taken from one.
	setting := func(option string) value {
		if v := credentials.value(option); v.text != "" {
			return v
		}
		return config.value(option)
	}
	for _, s := range []awsSection{credentials, config} {
		if s.options == nil {
			continue
		}
		c, err := f.awsCandidate(s, setting)
		if c != nil || err != nil {
			return c, err
		}
	}
	return nil, nil
}

func (f *finder) awsCandidate(s awsSection, setting func(string) value) (*candidate, error) {
	key := s.value("ibm_api_key_id")
	access, secret := s.value("aws_access_key_id"), s.value("aws_secret_access_key")
	switch {
	case key.text != "":
		if access.text != "" {
			f.skip(access.source, "ibm_api_key_id beside it comes first")
		}
		return &candidate{
			kind:         KindAPIKey,
			apiKey:       key,
			instance:     setting("ibm_service_instance_id"),
			authEndpoint: setting("ibm_auth_endpoint"),
			endpoint:     setting("endpoint_url"),
		}, nil
	case access.text != "" && secret.text == "":
		return nil, &PartialError{Source: access.source, Missing: "aws_secret_access_key"}
	case access.text != "":
		c := pair(access, secret, iamSignature(setting))
		c.authEndpoint = setting("ibm_auth_endpoint")
		c.session = s.value("aws_session_token")
		if c.session.text == "" {
			c.session = s.value("aws_security_token")
		}
		c.endpoint = setting("endpoint_url")
		f.awsSettings(c, setting("region"), c.endpoint)
		return c, nil
	}
	why := "has neither ibm_api_key_id nor aws_access_key_id"
	for _, other := range []string{"credential_process", "sso_session", "sso_start_url", "role_arn"} {
		if s.options[other] != "" {
			why += "; " + other + " is of AWS and not supported"
			break
		}
	}
	f.skip(s.file.name+": ["+s.name+"]", why)
	return nil, nil
}

// iamSignature reports whether the profile asks for bearer tokens, in the place where
// AWS's tools and IBM's look for the kind of signature.
func iamSignature(setting func(string) value) bool {
	for _, option := range []string{"signature_version", "s3.signature_version"} {
		switch strings.ToLower(setting(option).text) {
		case "oauth", "iam", "ibm-iam":
			return true
		}
	}
	return false
}

// awsSection reads a section; options is nil if it is not there.
func (f *finder) awsSection(variable, base, name string) (awsSection, error) {
	s := awsSection{name: name}
	path, named := f.path(f.env(variable).text), true
	if path == "" {
		if f.o.Home == "" {
			s.file.name = "~/.aws/" + base
			f.skip(s.file.name, "the home directory is not known")
			return s, nil
		}
		path, named = filepath.Join(f.o.Home, ".aws", base), false
	}
	var err error
	if s.file, err = f.read(path, named); err != nil || !s.file.exists {
		return s, err
	}
	sections, err := parseINI(s.file.data)
	if err != nil {
		return s, fmt.Errorf("find credentials: %s: %w", path, err)
	}
	s.options = sections[name]
	if s.options == nil {
		f.skip(path, "has no section ["+name+"]")
	}
	return s, nil
}
