package contract;

import com.ibm.cloud.objectstorage.services.s3.AmazonS3;
import com.ibm.cloud.objectstorage.services.s3.model.BucketProtectionConfiguration;
import com.ibm.cloud.objectstorage.services.s3.model.DefaultRetention;
import com.ibm.cloud.objectstorage.services.s3.model.DeleteObjectTaggingRequest;
import com.ibm.cloud.objectstorage.services.s3.model.ExtendObjectRetentionRequest;
import com.ibm.cloud.objectstorage.services.s3.model.GetBucketProtectionConfigurationRequest;
import com.ibm.cloud.objectstorage.services.s3.model.GetObjectLegalHoldRequest;
import com.ibm.cloud.objectstorage.services.s3.model.GetObjectLockConfigurationRequest;
import com.ibm.cloud.objectstorage.services.s3.model.GetObjectRetentionRequest;
import com.ibm.cloud.objectstorage.services.s3.model.GetObjectTaggingRequest;
import com.ibm.cloud.objectstorage.services.s3.model.GetObjectTaggingResult;
import com.ibm.cloud.objectstorage.services.s3.model.GlacierJobParameters;
import com.ibm.cloud.objectstorage.services.s3.model.ListLegalHoldsResult;
import com.ibm.cloud.objectstorage.services.s3.model.ObjectLockConfiguration;
import com.ibm.cloud.objectstorage.services.s3.model.ObjectLockLegalHold;
import com.ibm.cloud.objectstorage.services.s3.model.ObjectLockRetention;
import com.ibm.cloud.objectstorage.services.s3.model.ObjectLockRule;
import com.ibm.cloud.objectstorage.services.s3.model.ObjectTagging;
import com.ibm.cloud.objectstorage.services.s3.model.RestoreObjectRequest;
import com.ibm.cloud.objectstorage.services.s3.model.SetBucketProtectionConfigurationRequest;
import com.ibm.cloud.objectstorage.services.s3.model.SetObjectLegalHoldRequest;
import com.ibm.cloud.objectstorage.services.s3.model.SetObjectLockConfigurationRequest;
import com.ibm.cloud.objectstorage.services.s3.model.SetObjectRetentionRequest;
import com.ibm.cloud.objectstorage.services.s3.model.SetObjectTaggingRequest;
import com.ibm.cloud.objectstorage.services.s3.model.Tag;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What objects have besides their contents: tags, locks, retention and holds, copies restored from an archive. */
final class Locks {
  private final AmazonS3 cos;

  Locks(AmazonS3 cos) {
    this.cos = cos;
  }

  void register(Map<String, Main.Operation> operations) {
    operations.put("GetObjectTagging", this::tagging);
    operations.put("PutObjectTagging", this::putTagging);
    operations.put("DeleteObjectTagging", this::deleteTagging);
    operations.put("GetObjectLockConfiguration", this::lockConfiguration);
    operations.put("PutObjectLockConfiguration", Configurations.quiet(this::putLockConfiguration));
    operations.put("GetObjectRetention", this::retention);
    operations.put("PutObjectRetention", Configurations.quiet(this::putRetention));
    operations.put("GetObjectLegalHold", this::legalHold);
    operations.put("PutObjectLegalHold", Configurations.quiet(this::putLegalHold));
    operations.put("GetBucketProtectionConfiguration", this::protection);
    operations.put("PutBucketProtectionConfiguration", Configurations.quiet(this::putProtection));
    operations.put("AddLegalHold", Configurations.quiet(in -> cos.addLegalHold(in.bucket(), in.key(), in.str("RetentionLegalHoldId"))));
    operations.put("DeleteLegalHold", Configurations.quiet(in -> cos.deleteLegalHold(in.bucket(), in.key(), in.str("RetentionLegalHoldId"))));
    operations.put("ListLegalHolds", this::listLegalHolds);
    operations.put("ExtendObjectRetention", Configurations.quiet(this::extend));
    operations.put("RestoreObject", Configurations.quiet(this::restore));
  }

  private Out tagging(In in) {
    GetObjectTaggingResult r = cos.getObjectTagging(new GetObjectTaggingRequest(in.bucket(), in.key(), in.str("VersionId")));
    return Out.of(
        "VersionId", r.getVersionId(), "TagSet", Out.list(r.getTagSet(), t -> Out.of("Key", t.getKey(), "Value", t.getValue())));
  }

  private Out putTagging(In in) {
    List<Tag> tags = new ArrayList<>();
    in.child("Tagging").list("TagSet").forEach(t -> tags.add(new Tag(t.key(), t.str("Value"))));
    SetObjectTaggingRequest request = new SetObjectTaggingRequest(in.bucket(), in.key(), in.str("VersionId"), new ObjectTagging(tags));
    return Out.of("VersionId", cos.setObjectTagging(request).getVersionId());
  }

  private Out deleteTagging(In in) {
    DeleteObjectTaggingRequest request = new DeleteObjectTaggingRequest(in.bucket(), in.key()).withVersionId(in.str("VersionId"));
    return Out.of("VersionId", cos.deleteObjectTagging(request).getVersionId());
  }

  private Out lockConfiguration(In in) {
    GetObjectLockConfigurationRequest request = new GetObjectLockConfigurationRequest().withBucketName(in.bucket());
    ObjectLockConfiguration c = cos.getObjectLockConfiguration(request).getObjectLockConfiguration();
    Out out = Out.of("ObjectLockEnabled", c.getObjectLockEnabled());
    if (c.getRule() != null) {
      DefaultRetention d = c.getRule().getDefaultRetention();
      out.add("Rule", Out.of("DefaultRetention", Out.of("Mode", d.getMode(), "Days", d.getDays(), "Years", d.getYears())));
    }
    return Out.of("ObjectLockConfiguration", out);
  }

  private void putLockConfiguration(In in) {
    In given = in.child("ObjectLockConfiguration");
    In byDefault = given.child("Rule").child("DefaultRetention");
    DefaultRetention retention = new DefaultRetention().withDays(byDefault.integer("Days")).withYears(byDefault.integer("Years"));
    retention.setMode(byDefault.str("Mode"));
    ObjectLockConfiguration c = new ObjectLockConfiguration().withRule(new ObjectLockRule().withDefaultRetention(retention));
    c.setObjectLockEnabled(given.str("ObjectLockEnabled"));
    cos.setObjectLockConfiguration(new SetObjectLockConfigurationRequest().withBucketName(in.bucket()).withObjectLockConfiguration(c));
  }

  private Out retention(In in) {
    GetObjectRetentionRequest request =
        new GetObjectRetentionRequest().withBucketName(in.bucket()).withKey(in.key()).withVersionId(in.str("VersionId"));
    ObjectLockRetention r = cos.getObjectRetention(request).getRetention();
    return Out.of("Retention", Out.of("Mode", r.getMode(), "RetainUntilDate", r.getRetainUntilDate()));
  }

  private void putRetention(In in) {
    In given = in.child("Retention");
    ObjectLockRetention retention = new ObjectLockRetention().withRetainUntilDate(given.date("RetainUntilDate"));
    retention.setMode(given.str("Mode"));
    SetObjectRetentionRequest request =
        new SetObjectRetentionRequest().withBucketName(in.bucket()).withKey(in.key()).withVersionId(in.str("VersionId"));
    request.setBypassGovernanceRetention(in.bool("BypassGovernanceRetention"));
    cos.setObjectRetention(request.withRetention(retention));
  }

  private Out legalHold(In in) {
    GetObjectLegalHoldRequest request =
        new GetObjectLegalHoldRequest().withBucketName(in.bucket()).withKey(in.key()).withVersionId(in.str("VersionId"));
    return Out.of("LegalHold", Out.of("Status", cos.getObjectLegalHold(request).getLegalHold().getStatus()));
  }

  private void putLegalHold(In in) {
    ObjectLockLegalHold hold = new ObjectLockLegalHold();
    hold.setStatus(in.child("LegalHold").str("Status"));
    SetObjectLegalHoldRequest request =
        new SetObjectLegalHoldRequest().withBucketName(in.bucket()).withKey(in.key()).withVersionId(in.str("VersionId"));
    cos.setObjectLegalHold(request.withLegalHold(hold));
  }

  private static Out days(Integer n) {
    return n == null ? null : Out.of("Days", n);
  }

  private Out protection(In in) {
    BucketProtectionConfiguration c = cos.getBucketProtectionConfiguration(new GetBucketProtectionConfigurationRequest(in.bucket()));
    cos.getBucketProtection(in.bucket()); // the same in short
    return Out.of(
        "ProtectionConfiguration",
        Out.of(
            "Status", c.getStatus(), "MinimumRetention", days(c.getMinimumRetentionInDays()),
            "DefaultRetention", days(c.getDefaultRetentionInDays()), "MaximumRetention", days(c.getMaximumRetentionInDays()),
            "EnablePermanentRetention", c.isPermanentRetentionEnabled()));
  }

  private void putProtection(In in) {
    In given = in.child("ProtectionConfiguration");
    BucketProtectionConfiguration c = new BucketProtectionConfiguration();
    c.setStatus(given.str("Status"));
    c.setMinimumRetentionInDays(given.child("MinimumRetention").integer("Days"));
    c.setDefaultRetentionInDays(given.child("DefaultRetention").integer("Days"));
    c.setMaximumRetentionInDays(given.child("MaximumRetention").integer("Days"));
    cos.setBucketProtectionConfiguration(new SetBucketProtectionConfigurationRequest(in.bucket(), c));
    cos.setBucketProtection(in.bucket(), c); // the same in short
  }

  private Out listLegalHolds(In in) {
    ListLegalHoldsResult r = cos.listLegalHolds(in.bucket(), in.key());
    if (r == null) {
      return null;
    }
    return Out.of(
        "CreateTime", r.getCreateTime(), "RetentionPeriod", r.getRetentionPeriod(),
        "RetentionPeriodExpirationDate", r.getRetentionExpirationDate(),
        "LegalHolds", Out.list(r.getLegalHolds(), h -> Out.of("ID", h.getId(), "Date", h.getDate())));
  }

  private void extend(In in) {
    ExtendObjectRetentionRequest request = new ExtendObjectRetentionRequest(in.bucket(), in.key());
    request.setAdditionalRetentionPeriod(in.number("AdditionalRetentionPeriod"));
    request.setExtendRetentionFromCurrentTime(in.number("ExtendRetentionFromCurrentTime"));
    request.setNewRetentionExpirationDate(in.date("NewRetentionExpirationDate"));
    request.setNewRetentionPeriod(in.number("NewRetentionPeriod"));
    cos.extendObjectRetention(request);
  }

  private void restore(In in) {
    In given = in.child("RestoreRequest");
    RestoreObjectRequest request = new RestoreObjectRequest(in.bucket(), in.key(), given.integer("Days"));
    GlacierJobParameters job = new GlacierJobParameters();
    job.setTier(given.child("GlacierJobParameters").str("Tier"));
    request.setGlacierJobParameters(job);
    cos.restoreObject(request);
  }
}
