package contract;

import com.ibm.cloud.objectstorage.services.s3.AmazonS3;
import com.ibm.cloud.objectstorage.services.s3.model.AbortIncompleteMultipartUpload;
import com.ibm.cloud.objectstorage.services.s3.model.AccessControlList;
import com.ibm.cloud.objectstorage.services.s3.model.BucketCrossOriginConfiguration;
import com.ibm.cloud.objectstorage.services.s3.model.BucketLifecycleConfiguration;
import com.ibm.cloud.objectstorage.services.s3.model.BucketReplicationConfiguration;
import com.ibm.cloud.objectstorage.services.s3.model.BucketTaggingConfiguration;
import com.ibm.cloud.objectstorage.services.s3.model.BucketVersioningConfiguration;
import com.ibm.cloud.objectstorage.services.s3.model.BucketWebsiteConfiguration;
import com.ibm.cloud.objectstorage.services.s3.model.CORSRule;
import com.ibm.cloud.objectstorage.services.s3.model.CannedAccessControlList;
import com.ibm.cloud.objectstorage.services.s3.model.CanonicalGrantee;
import com.ibm.cloud.objectstorage.services.s3.model.DeleteMarkerReplication;
import com.ibm.cloud.objectstorage.services.s3.model.DeletePublicAccessBlockRequest;
import com.ibm.cloud.objectstorage.services.s3.model.GetPublicAccessBlockRequest;
import com.ibm.cloud.objectstorage.services.s3.model.Grant;
import com.ibm.cloud.objectstorage.services.s3.model.Grantee;
import com.ibm.cloud.objectstorage.services.s3.model.GroupGrantee;
import com.ibm.cloud.objectstorage.services.s3.model.ListBucketReplicationFailuresRequest;
import com.ibm.cloud.objectstorage.services.s3.model.ListBucketReplicationFailuresResult;
import com.ibm.cloud.objectstorage.services.s3.model.Owner;
import com.ibm.cloud.objectstorage.services.s3.model.Permission;
import com.ibm.cloud.objectstorage.services.s3.model.PublicAccessBlockConfiguration;
import com.ibm.cloud.objectstorage.services.s3.model.RedirectRule;
import com.ibm.cloud.objectstorage.services.s3.model.ReplicationDestinationConfig;
import com.ibm.cloud.objectstorage.services.s3.model.ReplicationRule;
import com.ibm.cloud.objectstorage.services.s3.model.RoutingRule;
import com.ibm.cloud.objectstorage.services.s3.model.RoutingRuleCondition;
import com.ibm.cloud.objectstorage.services.s3.model.SetBucketVersioningConfigurationRequest;
import com.ibm.cloud.objectstorage.services.s3.model.SetPublicAccessBlockRequest;
import com.ibm.cloud.objectstorage.services.s3.model.TagSet;
import com.ibm.cloud.objectstorage.services.s3.model.lifecycle.LifecycleFilter;
import com.ibm.cloud.objectstorage.services.s3.model.lifecycle.LifecyclePrefixPredicate;
import com.ibm.cloud.objectstorage.services.s3.model.replication.ObjectSyncAttempted;
import com.ibm.cloud.objectstorage.services.s3.model.replication.ReplicationFilter;
import com.ibm.cloud.objectstorage.services.s3.model.replication.ReplicationPrefixPredicate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What buckets are configured with, and ACLs. */
final class Configurations {
  private final AmazonS3 cos;

  Configurations(AmazonS3 cos) {
    this.cos = cos;
  }

  /** A call that has no results. */
  interface Call {
    void run(In in);
  }

  static Main.Operation quiet(Call call) {
    return in -> {
      call.run(in);
      return new Out();
    };
  }

  void register(Map<String, Main.Operation> operations) {
    operations.put("GetBucketAcl", in -> acl(cos.getBucketAcl(in.bucket())));
    operations.put("GetObjectAcl", in -> acl(cos.getObjectAcl(in.bucket(), in.key())));
    operations.put("PutBucketAcl", quiet(this::putBucketAcl));
    operations.put("PutObjectAcl", quiet(this::putObjectAcl));
    operations.put("GetBucketCors", this::cors);
    operations.put("PutBucketCors", quiet(this::putCors));
    operations.put("DeleteBucketCors", quiet(in -> cos.deleteBucketCrossOriginConfiguration(in.bucket())));
    operations.put("GetPublicAccessBlock", this::publicAccess);
    operations.put("PutPublicAccessBlock", quiet(this::putPublicAccess));
    operations.put(
        "DeletePublicAccessBlock", quiet(in -> cos.deletePublicAccessBlock(new DeletePublicAccessBlockRequest().withBucketName(in.bucket()))));
    operations.put("GetBucketWebsite", this::website);
    operations.put("PutBucketWebsite", quiet(this::putWebsite));
    operations.put("DeleteBucketWebsite", quiet(in -> cos.deleteBucketWebsiteConfiguration(in.bucket())));
    operations.put("GetBucketTagging", this::tagging);
    operations.put("PutBucketTagging", quiet(this::putTagging));
    operations.put("DeleteBucketTagging", quiet(in -> cos.deleteBucketTaggingConfiguration(in.bucket())));
    operations.put("GetBucketVersioning", in -> Out.of("Status", cos.getBucketVersioningConfiguration(in.bucket()).getStatus()));
    operations.put("PutBucketVersioning", quiet(this::putVersioning));
    operations.put("GetBucketLifecycleConfiguration", this::lifecycle);
    operations.put("PutBucketLifecycleConfiguration", quiet(this::putLifecycle));
    operations.put("DeleteBucketLifecycle", quiet(in -> cos.deleteBucketLifecycleConfiguration(in.bucket())));
    operations.put("GetBucketReplication", this::replication);
    operations.put("PutBucketReplication", quiet(this::putReplication));
    operations.put("DeleteBucketReplication", quiet(in -> cos.deleteBucketReplicationConfiguration(in.bucket())));
    operations.put("ListBucketReplicationFailures", this::replicationFailures);
    operations.put("PutBucketReplicationReattempt", quiet(in -> cos.setBucketReplicationReattempt(in.bucket())));
  }

  private static Object grant(Grant g) {
    Out grantee;
    if (g.getGrantee() instanceof CanonicalGrantee) {
      CanonicalGrantee c = (CanonicalGrantee) g.getGrantee();
      grantee = Out.of("Type", "CanonicalUser", "ID", c.getIdentifier(), "DisplayName", c.getDisplayName());
    } else {
      grantee = Out.of("Type", "Group", "URI", g.getGrantee().getIdentifier());
    }
    return Out.of("Grantee", grantee, "Permission", g.getPermission().toString());
  }

  private static Out acl(AccessControlList acl) {
    return acl == null ? null : Out.of("Owner", Out.owner(acl.getOwner()), "Grants", Out.list(acl.getGrantsAsList(), Configurations::grant));
  }

  private static CannedAccessControlList canned(String name) {
    for (CannedAccessControlList c : CannedAccessControlList.values()) {
      if (c.toString().equals(name)) {
        return c;
      }
    }
    throw new IllegalArgumentException("no ACL is called " + name);
  }

  private static AccessControlList policy(In in) {
    AccessControlList acl = new AccessControlList();
    In owner = in.child("Owner");
    acl.setOwner(new Owner(owner.str("ID"), owner.str("DisplayName")));
    for (In grant : in.list("Grants")) {
      In who = grant.child("Grantee");
      Grantee grantee;
      if ("Group".equals(who.str("Type"))) {
        grantee = GroupGrantee.parseGroupGrantee(who.str("URI"));
      } else {
        grantee = new CanonicalGrantee(who.str("ID"));
      }
      acl.grantPermission(grantee, Permission.parsePermission(grant.str("Permission")));
    }
    return acl;
  }

  private void putBucketAcl(In in) {
    if (in.has("ACL")) {
      cos.setBucketAcl(in.bucket(), canned(in.str("ACL")));
    } else {
      cos.setBucketAcl(in.bucket(), policy(in.child("AccessControlPolicy")));
    }
  }

  private void putObjectAcl(In in) {
    if (in.has("ACL")) {
      cos.setObjectAcl(in.bucket(), in.key(), canned(in.str("ACL")));
    } else {
      cos.setObjectAcl(in.bucket(), in.key(), policy(in.child("AccessControlPolicy")));
    }
  }

  private Out cors(In in) {
    BucketCrossOriginConfiguration c = cos.getBucketCrossOriginConfiguration(in.bucket());
    if (c == null) {
      return null;
    }
    return Out.of(
        "CORSRules",
        Out.list(
            c.getRules(),
            r ->
                Out.of(
                    "ID", r.getId(), "AllowedOrigins", r.getAllowedOrigins(), "AllowedHeaders", r.getAllowedHeaders(),
                    "ExposeHeaders", r.getExposedHeaders(), "MaxAgeSeconds", r.getMaxAgeSeconds(),
                    "AllowedMethods", Out.list(r.getAllowedMethods(), Enum::name))));
  }

  private void putCors(In in) {
    List<CORSRule> rules = new ArrayList<>();
    for (In rule : in.child("CORSConfiguration").list("CORSRules")) {
      CORSRule r = new CORSRule();
      r.setAllowedOrigins(rule.strings("AllowedOrigins"));
      List<CORSRule.AllowedMethods> methods = new ArrayList<>();
      rule.strings("AllowedMethods").forEach(m -> methods.add(CORSRule.AllowedMethods.fromValue(m)));
      r.setAllowedMethods(methods);
      r.setAllowedHeaders(rule.strings("AllowedHeaders"));
      r.setExposedHeaders(rule.strings("ExposeHeaders"));
      if (rule.has("MaxAgeSeconds")) {
        r.setMaxAgeSeconds(rule.integer("MaxAgeSeconds"));
      }
      rules.add(r);
    }
    cos.setBucketCrossOriginConfiguration(in.bucket(), new BucketCrossOriginConfiguration(rules));
  }

  private Out publicAccess(In in) {
    PublicAccessBlockConfiguration c =
        cos.getPublicAccessBlock(new GetPublicAccessBlockRequest().withBucketName(in.bucket())).getPublicAccessBlockConfiguration();
    return Out.of(
        "PublicAccessBlockConfiguration", Out.of("BlockPublicAcls", c.getBlockPublicAcls(), "IgnorePublicAcls", c.getIgnorePublicAcls()));
  }

  private void putPublicAccess(In in) {
    In block = in.child("PublicAccessBlockConfiguration");
    PublicAccessBlockConfiguration c = new PublicAccessBlockConfiguration();
    c.setBlockPublicAcls(block.bool("BlockPublicAcls"));
    c.setIgnorePublicAcls(block.bool("IgnorePublicAcls"));
    cos.setPublicAccessBlock(new SetPublicAccessBlockRequest().withBucketName(in.bucket()).withPublicAccessBlockConfiguration(c));
  }

  private static Out redirect(RedirectRule r) {
    return r == null
        ? null
        : Out.of(
            "HostName", r.getHostName(), "Protocol", r.getprotocol(), "ReplaceKeyPrefixWith", r.getReplaceKeyPrefixWith(),
            "ReplaceKeyWith", r.getReplaceKeyWith(), "HttpRedirectCode", r.getHttpRedirectCode());
  }

  private static RedirectRule redirect(In in) {
    RedirectRule r = new RedirectRule();
    in.str("HostName", r::setHostName);
    in.str("Protocol", r::setProtocol);
    in.str("ReplaceKeyPrefixWith", r::setReplaceKeyPrefixWith);
    in.str("ReplaceKeyWith", r::setReplaceKeyWith);
    in.str("HttpRedirectCode", r::setHttpRedirectCode);
    return r;
  }

  private static Object routingRule(RoutingRule r) {
    RoutingRuleCondition c = r.getCondition();
    return Out.of(
        "Condition",
        Out.of("KeyPrefixEquals", c.getKeyPrefixEquals(), "HttpErrorCodeReturnedEquals", c.getHttpErrorCodeReturnedEquals()),
        "Redirect",
        redirect(r.getRedirect()));
  }

  private Out website(In in) {
    BucketWebsiteConfiguration w = cos.getBucketWebsiteConfiguration(in.bucket());
    if (w == null) {
      return null;
    }
    Out out = Out.of("RedirectAllRequestsTo", redirect(w.getRedirectAllRequestsTo()));
    if (w.getIndexDocumentSuffix() != null) {
      out.add("IndexDocument", Out.of("Suffix", w.getIndexDocumentSuffix()));
    }
    if (w.getErrorDocument() != null) {
      out.add("ErrorDocument", Out.of("Key", w.getErrorDocument()));
    }
    return out.add("RoutingRules", Out.list(w.getRoutingRules(), Configurations::routingRule));
  }

  private void putWebsite(In in) {
    In site = in.child("WebsiteConfiguration");
    BucketWebsiteConfiguration w = new BucketWebsiteConfiguration();
    site.child("IndexDocument").str("Suffix", w::setIndexDocumentSuffix);
    site.child("ErrorDocument").str("Key", w::setErrorDocument);
    if (site.has("RedirectAllRequestsTo")) {
      w.setRedirectAllRequestsTo(redirect(site.child("RedirectAllRequestsTo")));
    }
    List<RoutingRule> rules = new ArrayList<>();
    for (In rule : site.list("RoutingRules")) {
      RoutingRuleCondition condition = new RoutingRuleCondition();
      rule.child("Condition").str("KeyPrefixEquals", condition::setKeyPrefixEquals);
      rules.add(new RoutingRule().withCondition(condition).withRedirect(redirect(rule.child("Redirect"))));
    }
    w.setRoutingRules(rules);
    cos.setBucketWebsiteConfiguration(in.bucket(), w);
  }

  private Out tagging(In in) {
    BucketTaggingConfiguration c = cos.getBucketTaggingConfiguration(in.bucket());
    return c == null
        ? null
        : Out.of("TagSet", Out.list(c.getTagSet().getAllTags().entrySet(), e -> Out.of("Key", e.getKey(), "Value", e.getValue())));
  }

  private void putTagging(In in) {
    TagSet tags = new TagSet();
    in.child("Tagging").list("TagSet").forEach(t -> tags.setTag(t.key(), t.str("Value")));
    cos.setBucketTaggingConfiguration(in.bucket(), new BucketTaggingConfiguration().withTagSets(tags));
  }

  private void putVersioning(In in) {
    String status = in.child("VersioningConfiguration").str("Status");
    cos.setBucketVersioningConfiguration(
        new SetBucketVersioningConfigurationRequest(in.bucket(), new BucketVersioningConfiguration(status)));
  }

  private static Object lifecycleRule(BucketLifecycleConfiguration.Rule r) {
    Out out = Out.of("ID", r.getId(), "Status", r.getStatus());
    if (r.getFilter() != null && r.getFilter().getPredicate() instanceof LifecyclePrefixPredicate) {
      out.add("Filter", Out.of("Prefix", ((LifecyclePrefixPredicate) r.getFilter().getPredicate()).getPrefix()));
    }
    if (r.getExpirationInDays() > 0) {
      out.add("Expiration", Out.of("Days", r.getExpirationInDays()));
    }
    AbortIncompleteMultipartUpload abort = r.getAbortIncompleteMultipartUpload();
    if (abort != null) {
      out.add("AbortIncompleteMultipartUpload", Out.of("DaysAfterInitiation", abort.getDaysAfterInitiation()));
    }
    return out.add(
        "Transitions", Out.list(r.getTransitions(), t -> Out.of("Days", t.getDays(), "StorageClass", t.getStorageClassAsString())));
  }

  private Out lifecycle(In in) {
    BucketLifecycleConfiguration c = cos.getBucketLifecycleConfiguration(in.bucket());
    return c == null ? null : Out.of("Rules", Out.list(c.getRules(), Configurations::lifecycleRule));
  }

  private void putLifecycle(In in) {
    List<BucketLifecycleConfiguration.Rule> rules = new ArrayList<>();
    for (In rule : in.child("LifecycleConfiguration").list("Rules")) {
      BucketLifecycleConfiguration.Rule r = new BucketLifecycleConfiguration.Rule().withId(rule.str("ID")).withStatus(rule.str("Status"));
      r.setFilter(new LifecycleFilter(new LifecyclePrefixPredicate(rule.child("Filter").str("Prefix"))));
      if (rule.has("Expiration")) {
        r.setExpirationInDays(rule.child("Expiration").integer("Days"));
      }
      if (rule.has("AbortIncompleteMultipartUpload")) {
        Integer days = rule.child("AbortIncompleteMultipartUpload").integer("DaysAfterInitiation");
        r.setAbortIncompleteMultipartUpload(new AbortIncompleteMultipartUpload().withDaysAfterInitiation(days));
      }
      for (In t : rule.list("Transitions")) {
        BucketLifecycleConfiguration.Transition to = new BucketLifecycleConfiguration.Transition().withDays(t.integer("Days"));
        to.setStorageClass(t.str("StorageClass"));
        r.addTransition(to);
      }
      rules.add(r);
    }
    cos.setBucketLifecycleConfiguration(in.bucket(), new BucketLifecycleConfiguration(rules));
  }

  private static Object replicationRule(Map.Entry<String, ReplicationRule> e) {
    ReplicationRule r = e.getValue();
    ReplicationPrefixPredicate prefix = (ReplicationPrefixPredicate) r.getFilter().getPredicate();
    return Out.of(
        "ID", e.getKey(), "Status", r.getStatus(), "Priority", r.getPriority(), "Filter", Out.of("Prefix", prefix.getPrefix()),
        "DeleteMarkerReplication", Out.of("Status", r.getDeleteMarkerReplication().getStatus()),
        "Destination", Out.of("Bucket", r.getDestinationConfig().getBucketARN()));
  }

  private Out replication(In in) {
    BucketReplicationConfiguration c = cos.getBucketReplicationConfiguration(in.bucket());
    return Out.of(
        "ReplicationConfiguration", Out.of("Rules", Out.list(c.getRules().entrySet(), Configurations::replicationRule)));
  }

  private void putReplication(In in) {
    In configuration = in.child("ReplicationConfiguration");
    BucketReplicationConfiguration c = new BucketReplicationConfiguration().withRoleARN(configuration.str("Role"));
    for (In rule : configuration.list("Rules")) {
      ReplicationRule r = new ReplicationRule();
      r.setPriority(rule.integer("Priority"));
      r.setStatus(rule.str("Status"));
      r.setFilter(new ReplicationFilter(new ReplicationPrefixPredicate(rule.child("Filter").str("Prefix"))));
      r.setDeleteMarkerReplication(new DeleteMarkerReplication().withStatus(rule.child("DeleteMarkerReplication").str("Status")));
      r.setDestinationConfig(new ReplicationDestinationConfig().withBucketARN(rule.child("Destination").str("Bucket")));
      c.addRule(rule.str("ID"), r);
    }
    cos.setBucketReplicationConfiguration(in.bucket(), c);
  }

  private Out replicationFailures(In in) {
    ListBucketReplicationFailuresRequest request = new ListBucketReplicationFailuresRequest(in.bucket());
    request.setMaxKeys(in.integer("MaxKeys"));
    ListBucketReplicationFailuresResult r = cos.listBucketReplicationFailures(request);
    return Out.of(
        "Name", r.getBucketName(), "IsTruncated", r.getIsTruncated(),
        "Contents", Out.list(r.getContents(), c -> failure(c.getObjectSyncAttempted())));
  }

  private static Out failure(ObjectSyncAttempted f) {
    return Out.of(
        "Key", f.getKey(), "VersionId", f.getVersionId(), "SyncType", f.getSyncType(),
        "FirstSyncAttempted", f.getFirstSyncAttempted(), "LastSyncAttempted", f.getLastSyncAttempted(),
        "SyncFailureCause", f.getSyncFailureCause());
  }
}
