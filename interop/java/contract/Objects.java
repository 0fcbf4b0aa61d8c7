package contract;

import com.ibm.cloud.objectstorage.services.s3.AmazonS3;
import com.ibm.cloud.objectstorage.services.s3.model.AccessControlList;
import com.ibm.cloud.objectstorage.services.s3.model.CopyObjectRequest;
import com.ibm.cloud.objectstorage.services.s3.model.CopyObjectResult;
import com.ibm.cloud.objectstorage.services.s3.model.DeleteObjectRequest;
import com.ibm.cloud.objectstorage.services.s3.model.DeleteObjectsRequest;
import com.ibm.cloud.objectstorage.services.s3.model.DeleteObjectsRequest.KeyVersion;
import com.ibm.cloud.objectstorage.services.s3.model.DeleteObjectsResult.DeletedObject;
import com.ibm.cloud.objectstorage.services.s3.model.DeleteVersionRequest;
import com.ibm.cloud.objectstorage.services.s3.model.GetObjectMetadataRequest;
import com.ibm.cloud.objectstorage.services.s3.model.GetObjectRequest;
import com.ibm.cloud.objectstorage.services.s3.model.MultiObjectDeleteException;
import com.ibm.cloud.objectstorage.services.s3.model.ObjectMetadata;
import com.ibm.cloud.objectstorage.services.s3.model.ObjectTagging;
import com.ibm.cloud.objectstorage.services.s3.model.PutObjectRequest;
import com.ibm.cloud.objectstorage.services.s3.model.PutObjectResult;
import com.ibm.cloud.objectstorage.services.s3.model.ResponseHeaderOverrides;
import com.ibm.cloud.objectstorage.services.s3.model.RetentionDirective;
import com.ibm.cloud.objectstorage.services.s3.model.S3Object;
import com.ibm.cloud.objectstorage.services.s3.model.SSECustomerKey;
import com.ibm.cloud.objectstorage.services.s3.model.StorageClass;
import com.ibm.cloud.objectstorage.services.s3.model.Tag;
import com.ibm.cloud.objectstorage.util.Md5Utils;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Map;

/** Objects: put, get, copy, delete. */
final class Objects {
  private final AmazonS3 cos;

  Objects(AmazonS3 cos) {
    this.cos = cos;
  }

  void register(Map<String, Main.Operation> operations) {
    operations.put("PutObject", this::put);
    operations.put("GetObject", this::get);
    operations.put("HeadObject", this::head);
    operations.put("CopyObject", this::copy);
    operations.put("DeleteObject", this::delete);
    operations.put("DeleteObjects", this::deleteMany);
    operations.put("conveniences", this::conveniences);
  }

  /** Returns the metadata that parameters describe. */
  static ObjectMetadata metadata(In in) {
    ObjectMetadata m = new ObjectMetadata();
    in.str("ContentType", m::setContentType);
    in.str("CacheControl", m::setCacheControl);
    in.str("ContentDisposition", m::setContentDisposition);
    in.str("ContentEncoding", m::setContentEncoding);
    in.str("ContentLanguage", m::setContentLanguage);
    if (in.has("Expires")) {
      m.setHttpExpiresDate(in.date("Expires"));
    }
    m.setUserMetadata(in.map("Metadata"));
    return m;
  }

  /** Returns the key of 32 bytes that a parameter holds; null if there is none. */
  static SSECustomerKey customerKey(In in, String prefix) {
    in.str(prefix + "SSECustomerAlgorithm"); // there is only one
    String key = in.str(prefix + "SSECustomerKey");
    return key == null ? null : new SSECustomerKey(key.getBytes(StandardCharsets.UTF_8));
  }

  /** Reads a=1&b=2. */
  private static ObjectTagging tagging(String query) {
    List<Tag> tags = new ArrayList<>();
    for (String pair : query.split("&")) {
      String[] parts = pair.split("=", 2);
      tags.add(new Tag(decode(parts[0]), decode(parts[1])));
    }
    return new ObjectTagging(tags);
  }

  static String decode(String s) {
    return URLDecoder.decode(s, StandardCharsets.UTF_8);
  }

  private Out put(In in) {
    byte[] body = in.str("Body").getBytes(StandardCharsets.UTF_8);
    ObjectMetadata metadata = metadata(in);
    metadata.setContentLength(body.length);
    in.str("ServerSideEncryption", metadata::setSSEAlgorithm);
    metadata.setContentMD5(Md5Utils.md5AsBase64(body)); // which retention demands, and the SDK does not add
    PutObjectRequest request = new PutObjectRequest(in.bucket(), in.key(), new ByteArrayInputStream(body), metadata);
    request.setSSECustomerKey(customerKey(in, ""));
    in.str("Tagging", tags -> request.setTagging(tagging(tags)));
    in.str("ObjectLockMode", request::setObjectLockMode);
    request.setObjectLockRetainUntilDate(in.date("ObjectLockRetainUntilDate"));
    in.str("ObjectLockLegalHoldStatus", request::setObjectLockLegalHoldStatus);
    if (in.has("RetentionPeriod")) {
      request.setRetentionPeriod(in.number("RetentionPeriod"));
    }
    request.setRetentionExpirationDate(in.date("RetentionExpirationDate"));
    in.str("RetentionLegalHoldId", request::setRetentionLegalHoldId);
    PutObjectResult r = cos.putObject(request);
    return Out.of(
        "ETag", r.getETag(), "VersionId", r.getVersionId(), "ServerSideEncryption", r.getSSEAlgorithm(), "SSECustomerAlgorithm", r.getSSECustomerAlgorithm(),
        "SSECustomerKeyMD5", r.getSSECustomerKeyMd5());
  }

  private static String httpDate(Date date) {
    return date == null ? null : DateTimeFormatter.RFC_1123_DATE_TIME.format(date.toInstant().atOffset(ZoneOffset.UTC));
  }

  private static Out described(ObjectMetadata m) {
    Out out =
        Out.of(
            "ContentLength", m.getContentLength(), "ContentType", m.getContentType(), "CacheControl", m.getCacheControl(),
            "ContentDisposition", m.getContentDisposition(), "ContentEncoding", m.getContentEncoding(),
            "ContentLanguage", m.getContentLanguage(), "ETag", m.getETag(), "LastModified", m.getLastModified(),
            "AcceptRanges", m.getRawMetadataValue("Accept-Ranges"), "Metadata", m.getUserMetadata(),
            "VersionId", m.getVersionId(), "StorageClass", m.getStorageClass(), "PartsCount", m.getPartCount(),
            "ServerSideEncryption", m.getSSEAlgorithm(), "SSECustomerAlgorithm", m.getSSECustomerAlgorithm(), "SSECustomerKeyMD5", m.getSSECustomerKeyMd5(),
            "ObjectLockMode", m.getObjectLockMode(), "ObjectLockRetainUntilDate", m.getObjectLockRetainUntilDate(),
            "ObjectLockLegalHoldStatus", m.getObjectLockLegalHoldStatus(), "RetentionPeriod", m.getRetentionPeriod(),
            "RetentionExpirationDate", m.getRetentionExpirationDate(), "RetentionLegalHoldCount", m.getRetentionLegalHoldCount(),
            "Restore", m.getOngoingRestore(), "ReplicationStatus", m.getReplicationStatus());
    if (m.getExpirationTime() != null) {
      String rule = m.getExpirationTimeRuleId();
      out.add("Expiration", "expiry-date=\"" + httpDate(m.getExpirationTime()) + "\", rule-id=\"" + rule + "\"");
    }
    Long[] range = m.getContentRange();
    if (range != null) {
      out.add("ContentRange", "bytes " + range[0] + "-" + range[1] + "/" + m.getInstanceLength());
    }
    return out;
  }

  /** Sets the range of a request from "bytes=7-100" or "bytes=12-". */
  private static void range(GetObjectRequest request, String range) {
    String[] ends = range.substring("bytes=".length()).split("-", 2);
    if (ends[1].isEmpty()) {
      request.setRange(Long.parseLong(ends[0]));
    } else {
      request.setRange(Long.parseLong(ends[0]), Long.parseLong(ends[1]));
    }
  }

  private Out get(In in) throws IOException {
    GetObjectRequest request = new GetObjectRequest(in.bucket(), in.key(), in.str("VersionId"));
    in.str("Range", r -> range(request, r));
    in.str("IfMatch", request::withMatchingETagConstraint);
    in.str("IfNoneMatch", request::withNonmatchingETagConstraint);
    request.setModifiedSinceConstraint(in.date("IfModifiedSince"));
    request.setUnmodifiedSinceConstraint(in.date("IfUnmodifiedSince"));
    request.setPartNumber(in.integer("PartNumber"));
    request.setSSECustomerKey(customerKey(in, ""));
    ResponseHeaderOverrides overrides = new ResponseHeaderOverrides();
    in.str("ResponseContentType", overrides::setContentType);
    in.str("ResponseCacheControl", overrides::setCacheControl);
    in.str("ResponseContentDisposition", overrides::setContentDisposition);
    in.str("ResponseContentEncoding", overrides::setContentEncoding);
    in.str("ResponseContentLanguage", overrides::setContentLanguage);
    overrides.setExpires(httpDate(in.date("ResponseExpires")));
    request.setResponseHeaders(overrides);
    try (S3Object object = cos.getObject(request)) {
      if (object == null) {
        return null;
      }
      String body = new String(object.getObjectContent().readAllBytes(), StandardCharsets.UTF_8);
      return described(object.getObjectMetadata()).add("Body", body).add("TagCount", object.getTaggingCount());
    }
  }

  private Out head(In in) {
    GetObjectMetadataRequest request = new GetObjectMetadataRequest(in.bucket(), in.key(), in.str("VersionId"));
    request.setSSECustomerKey(customerKey(in, ""));
    return described(cos.getObjectMetadata(request));
  }

  private Out copy(In in) {
    String[] source = in.str("CopySource").split("[/?]", 3);
    String key = decode(source[1]);
    CopyObjectRequest request = new CopyObjectRequest(source[0], key, in.bucket(), in.key());
    if (source.length > 2) {
      request.setSourceVersionId(source[2].substring("versionId=".length()));
    }
    if ("REPLACE".equals(in.str("MetadataDirective"))) {
      request.setNewObjectMetadata(metadata(in));
    }
    in.str("CopySourceIfMatch", request::withMatchingETagConstraint);
    in.str("CopySourceIfNoneMatch", request::withNonmatchingETagConstraint);
    in.str("RetentionDirective", d -> request.setRetentionDirective(RetentionDirective.valueOf(d)));
    request.setRetentionPeriod(in.number("RetentionPeriod"));
    request.setDestinationSSECustomerKey(customerKey(in, ""));
    request.setSourceSSECustomerKey(customerKey(in, "CopySource"));
    CopyObjectResult r = cos.copyObject(request);
    return r == null
        ? null
        : Out.of(
            "CopyObjectResult", Out.of("ETag", r.getETag(), "LastModified", r.getLastModifiedDate()), "VersionId", r.getVersionId());
  }

  private Out delete(In in) {
    if (in.has("VersionId")) {
      DeleteVersionRequest request = new DeleteVersionRequest(in.bucket(), in.key(), in.str("VersionId"));
      request.setBypassGovernanceRetention(in.bool("BypassGovernanceRetention"));
      cos.deleteVersion(request);
    } else {
      cos.deleteObject(new DeleteObjectRequest(in.bucket(), in.key()));
    }
    return new Out();
  }

  private static Object deleted(DeletedObject d) {
    return Out.of(
        "Key", d.getKey(), "VersionId", d.getVersionId(), "DeleteMarker", d.isDeleteMarker(),
        "DeleteMarkerVersionId", d.getDeleteMarkerVersionId());
  }

  private Out deleteMany(In in) {
    In delete = in.child("Delete");
    List<KeyVersion> keys = new ArrayList<>();
    delete.list("Objects").forEach(o -> keys.add(new KeyVersion(o.key(), o.str("VersionId"))));
    DeleteObjectsRequest request = new DeleteObjectsRequest(in.bucket()).withKeys(keys).withQuiet(delete.bool("Quiet"));
    request.setBypassGovernanceRetention(in.bool("BypassGovernanceRetention"));
    try {
      return Out.of("Deleted", Out.list(cos.deleteObjects(request).getDeletedObjects(), Objects::deleted));
    } catch (MultiObjectDeleteException e) {
      return Out.of(
          "Deleted", Out.list(e.getDeletedObjects(), Objects::deleted),
          "Errors", Out.list(e.getErrors(), x -> Out.of("Key", x.getKey(), "Code", x.getCode(), "Message", x.getMessage())));
    }
  }

  /** Calls what is only another way to say what the operations above say. */
  private Out conveniences(In in) {
    String bucket = in.bucket();
    String key = in.key();
    Out out =
        Out.of(
            "doesBucketExist", cos.doesBucketExist(bucket), "doesBucketExistV2", cos.doesBucketExistV2(bucket),
            "doesObjectExist", cos.doesObjectExist(bucket, key), "getObjectAsString", cos.getObjectAsString(bucket, key),
            "noBucket", cos.doesBucketExistV2(bucket + "-not"), "noObject", cos.doesObjectExist(bucket, key + "-not"));
    AccessControlList acl = cos.getObjectAcl(bucket, key);
    cos.setObjectAcl(bucket, key, acl);
    cos.changeObjectStorageClass(bucket, key, StorageClass.Standard);
    cos.setObjectRedirectLocation(bucket, key, "https://example.com/");
    return out.add("grants", acl.getGrantsAsList().size());
  }
}
