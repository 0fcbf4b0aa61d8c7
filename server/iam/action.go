package iam

import "fmt"

// An Action is one thing that a role lets its holder do, as IBM lists them. The zero Action is in no list: only a Manager may do
// what has none.
type Action uint8

// The actions of COS. Those on objects that end in Version are about a version that the request names.
const (
	_ Action = iota
	AccountGetAccountBuckets
	AccountDeleteFASPConnectionInfo

	BucketPutBucket
	BucketDeleteBucket
	BucketGet
	BucketHead
	BucketGetVersions
	BucketGetUploads
	BucketGetBasic
	BucketGetLocation
	BucketListBucketCRN
	BucketListCRKID
	BucketGetACL
	BucketPutACL
	BucketGetCORS
	BucketPutCORS
	BucketDeleteCORS
	BucketGetWebsite
	BucketPutWebsite
	BucketDeleteWebsite
	BucketGetVersioning
	BucketPutVersioning
	BucketGetObjectLockConfiguration
	BucketPutObjectLockConfiguration
	BucketGetFASPConnectionInfo
	BucketGetLifecycle
	BucketPutLifecycle
	BucketGetReplication
	BucketPutReplication
	BucketDeleteReplication
	BucketGetTagging
	BucketPutTagging
	BucketDeleteTagging
	BucketGetProtection
	BucketPutProtection
	BucketGetPublicAccessBlock
	BucketPutPublicAccessBlock
	BucketDeletePublicAccessBlock
	BucketGetFirewall
	BucketPutFirewall
	BucketGetQuota
	BucketPutQuota
	BucketGetActivityTracking
	BucketPutActivityTracking
	BucketGetMetricsMonitoring
	BucketPutMetricsMonitoring

	ObjectGet
	ObjectGetVersion
	ObjectHead
	ObjectHeadVersion
	ObjectPut
	ObjectPost
	ObjectPostInitiateUpload
	ObjectPutPart
	ObjectPostCompleteUpload
	ObjectDeleteUpload
	ObjectGetUploads
	ObjectCopy
	ObjectCopyGet
	ObjectCopyGetVersion
	ObjectCopyPart
	ObjectCopyPartGet
	ObjectCopyPartGetVersion
	ObjectDelete
	ObjectDeleteVersion
	ObjectPostMultiDelete
	ObjectGetACL
	ObjectGetACLVersion
	ObjectPutACL
	ObjectPutACLVersion
	ObjectGetTagging
	ObjectGetTaggingVersion
	ObjectPutTagging
	ObjectPutTaggingVersion
	ObjectDeleteTagging
	ObjectDeleteTaggingVersion
	ObjectRestore
	ObjectRestoreVersion
	ObjectGetLegalHold
	ObjectPostLegalHold
	ObjectPostExtendRetention
	ObjectGetObjectLockRetention
	ObjectGetObjectLockRetentionVersion
	ObjectPutObjectLockRetention
	ObjectPutObjectLockRetentionVersion
	ObjectGetObjectLockLegalHold
	ObjectGetObjectLockLegalHoldVersion
	ObjectPutObjectLockLegalHold
	ObjectPutObjectLockLegalHoldVersion
	ObjectBypassGovernanceRetention
)

// The sets of roles that actions are given to.
const (
	managers roleSet = 1 << Manager
	writers          = managers | 1<<Writer
	readers          = writers | 1<<Reader
	listers          = readers | 1<<ContentReader
	getters          = listers | 1<<ObjectReader
	putters          = writers | 1<<ObjectWriter
)

// attributes is what a condition can ask about an action.
type attributes uint8

const (
	noAttributes attributes = iota
	ofListing               // prefix and delimiter
	ofObject                // path
)

// actionTable is IBM's list of the actions of COS with the roles that have them, from "IAM roles and actions" of the IBM Cloud
// documentation, which see for what each one is for. Tagging of buckets and bypass_governance_retention are not in that list:
// the roles of the former are those of an earlier one, and the latter is named in the documentation of object lock.
var actionTable = [...]struct {
	name  string
	roles roleSet
	asks  attributes
}{
	0: {"unknown", managers, noAttributes},

	AccountGetAccountBuckets:        {"account.get_account_buckets", readers, noAttributes},
	AccountDeleteFASPConnectionInfo: {"account.delete_fasp_connection_info", writers, noAttributes},

	BucketPutBucket:                  {"bucket.put_bucket", writers, noAttributes},
	BucketDeleteBucket:               {"bucket.delete_bucket", writers, noAttributes},
	BucketGet:                        {"bucket.get", listers, ofListing},
	BucketHead:                       {"bucket.head", listers, noAttributes},
	BucketGetVersions:                {"bucket.get_versions", listers, ofListing},
	BucketGetUploads:                 {"bucket.get_uploads", readers, ofListing},
	BucketGetBasic:                   {"bucket.get_basic", readers, noAttributes},
	BucketGetLocation:                {"bucket.get_location", listers, noAttributes},
	BucketListBucketCRN:              {"bucket.list_bucket_crn", readers, noAttributes},
	BucketListCRKID:                  {"bucket.list_crk_id", writers, noAttributes},
	BucketGetACL:                     {"bucket.get_acl", managers, noAttributes},
	BucketPutACL:                     {"bucket.put_acl", managers, noAttributes},
	BucketGetCORS:                    {"bucket.get_cors", readers, noAttributes},
	BucketPutCORS:                    {"bucket.put_cors", writers, noAttributes},
	BucketDeleteCORS:                 {"bucket.delete_cors", writers, noAttributes},
	BucketGetWebsite:                 {"bucket.get_website", readers, noAttributes},
	BucketPutWebsite:                 {"bucket.put_website", writers, noAttributes},
	BucketDeleteWebsite:              {"bucket.delete_website", writers, noAttributes},
	BucketGetVersioning:              {"bucket.get_versioning", readers, noAttributes},
	BucketPutVersioning:              {"bucket.put_versioning", writers, noAttributes},
	BucketGetObjectLockConfiguration: {"bucket.get_object_lock_configuration", readers, noAttributes},
	BucketPutObjectLockConfiguration: {"bucket.put_object_lock_configuration", writers, noAttributes},
	BucketGetFASPConnectionInfo:      {"bucket.get_fasp_connection_info", readers, noAttributes},
	BucketGetLifecycle:               {"bucket.get_lifecycle", readers, noAttributes},
	BucketPutLifecycle:               {"bucket.put_lifecycle", writers, noAttributes},
	BucketGetReplication:             {"bucket.get_replication", readers, noAttributes},
	BucketPutReplication:             {"bucket.put_replication", writers, noAttributes},
	BucketDeleteReplication:          {"bucket.delete_replication", writers, noAttributes},
	BucketGetTagging:                 {"bucket.get_tagging", readers, noAttributes},
	BucketPutTagging:                 {"bucket.put_tagging", writers, noAttributes},
	BucketDeleteTagging:              {"bucket.delete_tagging", writers, noAttributes},
	BucketGetProtection:              {"bucket.get_protection", readers, noAttributes},
	BucketPutProtection:              {"bucket.put_protection", managers, noAttributes},
	BucketGetPublicAccessBlock:       {"bucket.get_public_access_block", managers, noAttributes},
	BucketPutPublicAccessBlock:       {"bucket.put_public_access_block", managers, noAttributes},
	BucketDeletePublicAccessBlock:    {"bucket.delete_public_access_block", managers, noAttributes},
	BucketGetFirewall:                {"bucket.get_firewall", managers, noAttributes},
	BucketPutFirewall:                {"bucket.put_firewall", managers, noAttributes},
	BucketGetQuota:                   {"bucket.get_quota", writers, noAttributes},
	BucketPutQuota:                   {"bucket.put_quota", managers, noAttributes},
	BucketGetActivityTracking:        {"bucket.get_activity_tracking", readers, noAttributes},
	BucketPutActivityTracking:        {"bucket.put_activity_tracking", writers, noAttributes},
	BucketGetMetricsMonitoring:       {"bucket.get_metrics_monitoring", readers, noAttributes},
	BucketPutMetricsMonitoring:       {"bucket.put_metrics_monitoring", writers, noAttributes},

	ObjectGet:                           {"object.get", getters, ofObject},
	ObjectGetVersion:                    {"object.get_version", getters, ofObject},
	ObjectHead:                          {"object.head", getters, ofObject},
	ObjectHeadVersion:                   {"object.head_version", getters, ofObject},
	ObjectPut:                           {"object.put", putters, ofObject},
	ObjectPost:                          {"object.post", putters, ofObject},
	ObjectPostInitiateUpload:            {"object.post_initiate_upload", putters, ofObject},
	ObjectPutPart:                       {"object.put_part", putters, ofObject},
	ObjectPostCompleteUpload:            {"object.post_complete_upload", putters, ofObject},
	ObjectDeleteUpload:                  {"object.delete_upload", putters, ofObject},
	ObjectGetUploads:                    {"object.get_uploads", readers | 1<<ObjectWriter, ofObject},
	ObjectCopy:                          {"object.copy", writers, ofObject},
	ObjectCopyGet:                       {"object.copy_get", readers, ofObject},
	ObjectCopyGetVersion:                {"object.copy_get_version", getters, ofObject},
	ObjectCopyPart:                      {"object.copy_part", writers, ofObject},
	ObjectCopyPartGet:                   {"object.copy_part_get", readers, ofObject},
	ObjectCopyPartGetVersion:            {"object.copy_part_get_version", getters, ofObject},
	ObjectDelete:                        {"object.delete", writers, ofObject},
	ObjectDeleteVersion:                 {"object.delete_version", writers, ofObject},
	ObjectPostMultiDelete:               {"object.post_multi_delete", writers, ofObject}, // asked for each of the keys
	ObjectGetACL:                        {"object.get_acl", managers, ofObject},
	ObjectGetACLVersion:                 {"object.get_acl_version", managers, ofObject},
	ObjectPutACL:                        {"object.put_acl", managers, ofObject},
	ObjectPutACLVersion:                 {"object.put_acl_version", managers, ofObject},
	ObjectGetTagging:                    {"object.get_tagging", readers, ofObject},
	ObjectGetTaggingVersion:             {"object.get_tagging_version", readers, ofObject},
	ObjectPutTagging:                    {"object.put_tagging", putters, ofObject},
	ObjectPutTaggingVersion:             {"object.put_tagging_version", putters, ofObject},
	ObjectDeleteTagging:                 {"object.delete_tagging", putters, ofObject},
	ObjectDeleteTaggingVersion:          {"object.delete_tagging_version", putters, ofObject},
	ObjectRestore:                       {"object.restore", writers, ofObject},
	ObjectRestoreVersion:                {"object.restore_version", writers, ofObject},
	ObjectGetLegalHold:                  {"object.get_legal_hold", readers, ofObject},
	ObjectPostLegalHold:                 {"object.post_legal_hold", writers, ofObject},
	ObjectPostExtendRetention:           {"object.post_extend_retention", writers, ofObject},
	ObjectGetObjectLockRetention:        {"object.get_object_lock_retention", readers, ofObject},
	ObjectGetObjectLockRetentionVersion: {"object.get_object_lock_retention_version", readers, ofObject},
	ObjectPutObjectLockRetention:        {"object.put_object_lock_retention", putters, ofObject},
	ObjectPutObjectLockRetentionVersion: {"object.put_object_lock_retention_version", putters, ofObject},
	ObjectGetObjectLockLegalHold:        {"object.get_object_lock_legal_hold", readers, ofObject},
	ObjectGetObjectLockLegalHoldVersion: {"object.get_object_lock_legal_hold_version", readers, ofObject},
	ObjectPutObjectLockLegalHold:        {"object.put_object_lock_legal_hold", putters, ofObject},
	ObjectPutObjectLockLegalHoldVersion: {"object.put_object_lock_legal_hold_version", putters, ofObject},
	ObjectBypassGovernanceRetention:     {"object.bypass_governance_retention", managers, ofObject},
}

// String returns IBM's name of the action, such as cloud-object-storage.bucket.put_cors.
func (a Action) String() string {
	if int(a) >= len(actionTable) {
		return fmt.Sprintf("Action(%d)", uint8(a))
	}
	return "cloud-object-storage." + actionTable[a].name
}

// Roles returns the roles that have the action, the weakest first.
func (a Action) Roles() []Role {
	var list []Role
	for _, r := range Roles() {
		if actionTable[a].roles&(1<<r) != 0 {
			list = append(list, r)
		}
	}
	return list
}
