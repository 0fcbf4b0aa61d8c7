package store

import (
	"maps"
	"slices"
	"strconv"
)

// BucketState is how a bucket treats its objects. Each field is the business of one feature of the service.
type BucketState struct {
	Versioning   string // Enabled or Suspended; empty if it never was enabled
	Protection   Protection
	ObjectLock   BucketLock
	PublicAccess PublicAccess
	Quota        int64    // bytes that all versions may have together; 0 for no limit. Writes beyond it fail with ErrQuota
	Firewall     []string // addresses and networks that may ask, as IP or CIDR, and after ! that may not; nil for all
	RootKey      string   // CRN of the root key that objects are encrypted under; empty for none

	// Documents are configurations as clients sent them, by sub-resource: lifecycle, website, tagging, replication.
	Documents map[string][]byte
}

// Protection is the retention policy of IBM's immutable storage, in days.
type Protection struct {
	Enabled           bool
	Min, Default, Max int64
	Permanent         bool // objects may be retained permanently
}

// BucketLock is the object lock of a bucket, with the default for its objects.
type BucketLock struct {
	Enabled     bool
	Mode        string // GOVERNANCE or COMPLIANCE; empty without a default
	Days, Years int    // one of them, with a Mode
}

// PublicAccess is a public access block.
type PublicAccess struct {
	Set        bool // there is one
	BlockACLs  bool
	IgnoreACLs bool
}

func (b *BucketState) clone() BucketState {
	c := *b
	c.Firewall = slices.Clone(b.Firewall)
	c.Documents = maps.Clone(b.Documents)
	return c
}

func (e *encoder) bucketState(b *BucketState) {
	e.string(tagVersioning, b.Versioning)
	if p := b.Protection; p.Enabled {
		e.strings(tagProtection, decimal(p.Min), decimal(p.Default), decimal(p.Max), boolean(p.Permanent))
	}
	e.bool(tagLockEnabled, b.ObjectLock.Enabled)
	e.string(tagLockMode, b.ObjectLock.Mode)
	e.uint(tagLockDays, uint64(b.ObjectLock.Days))
	e.uint(tagLockYears, uint64(b.ObjectLock.Years))
	if p := b.PublicAccess; p.Set {
		e.strings(tagPublicAccess, boolean(p.BlockACLs), boolean(p.IgnoreACLs))
	}
	e.uint(tagQuota, uint64(b.Quota))
	if len(b.Firewall) > 0 {
		e.strings(tagFirewall, b.Firewall...)
	}
	e.string(tagRootKey, b.RootKey)
	if len(b.Documents) > 0 {
		pairs := make([]string, 0, 2*len(b.Documents))
		for _, name := range slices.Sorted(maps.Keys(b.Documents)) {
			pairs = append(pairs, name, string(b.Documents[name]))
		}
		e.strings(tagDocument, pairs...)
	}
}

func (d *decoder) bucketState(b *BucketState) {
	switch d.tag {
	case tagVersioning:
		b.Versioning = string(d.val)
	case tagProtection:
		d.strings(4, func(s []string) {
			b.Protection = Protection{true, d.decimal(s[0]), d.decimal(s[1]), d.decimal(s[2]), s[3] == boolean(true)}
		})
	case tagLockEnabled:
		b.ObjectLock.Enabled = d.bool()
	case tagLockMode:
		b.ObjectLock.Mode = string(d.val)
	case tagLockDays:
		b.ObjectLock.Days = d.count(maxLockDays)
	case tagLockYears:
		b.ObjectLock.Years = d.count(maxLockDays)
	case tagPublicAccess:
		d.strings(2, func(s []string) { b.PublicAccess = PublicAccess{true, s[0] == boolean(true), s[1] == boolean(true)} })
	case tagQuota:
		b.Quota = d.size()
	case tagFirewall:
		d.strings(1, func(s []string) { b.Firewall = append(b.Firewall, s[0]) })
	case tagRootKey:
		b.RootKey = string(d.val)
	case tagDocument:
		b.Documents = make(map[string][]byte)
		d.strings(2, func(s []string) { b.Documents[s[0]] = []byte(s[1]) })
	}
}

// maxLockDays is more days, or years, than an object lock can have.
const maxLockDays = 1 << 20

func decimal(n int64) string { return strconv.FormatInt(n, 10) }

func (d *decoder) decimal(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		d.fail("number")
	}
	return n
}

func boolean(b bool) string { return strconv.FormatBool(b) }
