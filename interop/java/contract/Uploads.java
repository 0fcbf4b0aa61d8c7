package contract;

import com.ibm.cloud.objectstorage.services.s3.AmazonS3;
import com.ibm.cloud.objectstorage.services.s3.model.AbortMultipartUploadRequest;
import com.ibm.cloud.objectstorage.services.s3.model.CompleteMultipartUploadRequest;
import com.ibm.cloud.objectstorage.services.s3.model.CompleteMultipartUploadResult;
import com.ibm.cloud.objectstorage.services.s3.model.CopyPartRequest;
import com.ibm.cloud.objectstorage.services.s3.model.CopyPartResult;
import com.ibm.cloud.objectstorage.services.s3.model.InitiateMultipartUploadRequest;
import com.ibm.cloud.objectstorage.services.s3.model.InitiateMultipartUploadResult;
import com.ibm.cloud.objectstorage.services.s3.model.ListMultipartUploadsRequest;
import com.ibm.cloud.objectstorage.services.s3.model.ListPartsRequest;
import com.ibm.cloud.objectstorage.services.s3.model.MultipartUploadListing;
import com.ibm.cloud.objectstorage.services.s3.model.PartETag;
import com.ibm.cloud.objectstorage.services.s3.model.PartListing;
import com.ibm.cloud.objectstorage.services.s3.model.UploadPartRequest;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Uploads in parts. */
final class Uploads {
  private final AmazonS3 cos;

  Uploads(AmazonS3 cos) {
    this.cos = cos;
  }

  void register(Map<String, Main.Operation> operations) {
    operations.put("CreateMultipartUpload", this::create);
    operations.put("UploadPart", this::part);
    operations.put("UploadPartCopy", this::copyPart);
    operations.put("ListParts", this::listParts);
    operations.put("ListMultipartUploads", this::list);
    operations.put("CompleteMultipartUpload", this::complete);
    operations.put(
        "AbortMultipartUpload",
        in -> {
          cos.abortMultipartUpload(new AbortMultipartUploadRequest(in.bucket(), in.key(), in.str("UploadId")));
          return new Out();
        });
  }

  private Out create(In in) {
    InitiateMultipartUploadRequest request = new InitiateMultipartUploadRequest(in.bucket(), in.key(), Objects.metadata(in));
    request.setSSECustomerKey(Objects.customerKey(in, ""));
    InitiateMultipartUploadResult r = cos.initiateMultipartUpload(request);
    return Out.of(
        "Bucket", r.getBucketName(), "Key", r.getKey(), "UploadId", r.getUploadId(),
        "SSECustomerAlgorithm", r.getSSECustomerAlgorithm(), "SSECustomerKeyMD5", r.getSSECustomerKeyMd5());
  }

  private Out part(In in) {
    byte[] body = in.str("Body").getBytes(StandardCharsets.UTF_8);
    UploadPartRequest request =
        new UploadPartRequest()
            .withBucketName(in.bucket())
            .withKey(in.key())
            .withUploadId(in.str("UploadId"))
            .withPartNumber(in.integer("PartNumber"))
            .withPartSize(body.length)
            .withInputStream(new ByteArrayInputStream(body));
    request.setSSECustomerKey(Objects.customerKey(in, ""));
    return Out.of("ETag", cos.uploadPart(request).getETag());
  }

  private Out copyPart(In in) {
    String[] source = in.str("CopySource").split("/", 2);
    CopyPartRequest request =
        new CopyPartRequest()
            .withSourceBucketName(source[0])
            .withSourceKey(Objects.decode(source[1]))
            .withDestinationBucketName(in.bucket())
            .withDestinationKey(in.key())
            .withUploadId(in.str("UploadId"))
            .withPartNumber(in.integer("PartNumber"));
    in.str(
        "CopySourceRange",
        range -> {
          String[] ends = range.substring("bytes=".length()).split("-");
          request.setFirstByte(Long.valueOf(ends[0]));
          request.setLastByte(Long.valueOf(ends[1]));
        });
    request.setDestinationSSECustomerKey(Objects.customerKey(in, ""));
    request.setSourceSSECustomerKey(Objects.customerKey(in, "CopySource"));
    CopyPartResult r = cos.copyPart(request);
    return Out.of("CopyPartResult", Out.of("ETag", r.getETag(), "LastModified", r.getLastModifiedDate()));
  }

  private PartListing partsPage(In in, Integer marker) {
    ListPartsRequest request = new ListPartsRequest(in.bucket(), in.key(), in.str("UploadId"));
    if (in.has("MaxParts")) {
      request.setMaxParts(in.integer("MaxParts"));
    }
    request.setPartNumberMarker(marker);
    return cos.listParts(request);
  }

  private Out listParts(In in) {
    PartListing page = partsPage(in, null);
    return Out.of(
        "Bucket", page.getBucketName(), "Key", page.getKey(), "UploadId", page.getUploadId(), "MaxParts", page.getMaxParts(),
        "IsTruncated", page.isTruncated(), "NextPartNumberMarker", page.getNextPartNumberMarker(),
        "StorageClass", page.getStorageClass(), "Initiator", Out.owner(page.getInitiator()), "Owner", Out.owner(page.getOwner()),
        "Parts",
            Out.list(
                page.getParts(),
                p -> Out.of("PartNumber", p.getPartNumber(), "Size", p.getSize(), "ETag", p.getETag(), "LastModified", p.getLastModified())));
  }

  private Out list(In in) {
    ListMultipartUploadsRequest request = new ListMultipartUploadsRequest(in.bucket());
    request.setMaxUploads(in.integer("MaxUploads"));
    request.setPrefix(in.str("Prefix"));
    request.setDelimiter(in.str("Delimiter"));
    MultipartUploadListing page = cos.listMultipartUploads(request);
    return Out.of(
        "Bucket", page.getBucketName(), "MaxUploads", page.getMaxUploads(), "IsTruncated", page.isTruncated(),
        "Uploads",
            Out.list(
                page.getMultipartUploads(),
                u ->
                    Out.of(
                        "Key", u.getKey(), "UploadId", u.getUploadId(), "StorageClass", u.getStorageClass(), "Initiated", u.getInitiated(),
                        "Initiator", Out.owner(u.getInitiator()), "Owner", Out.owner(u.getOwner()))),
        "CommonPrefixes", Out.prefixes(page.getCommonPrefixes()));
  }

  private Out complete(In in) {
    List<PartETag> parts = new ArrayList<>();
    in.child("MultipartUpload").list("Parts").forEach(p -> parts.add(new PartETag(p.integer("PartNumber"), p.str("ETag"))));
    CompleteMultipartUploadRequest request =
        new CompleteMultipartUploadRequest(in.bucket(), in.key(), in.str("UploadId"), parts);
    if (in.has("RetentionPeriod")) {
      request.setRetentionPeriod(in.number("RetentionPeriod"));
    }
    CompleteMultipartUploadResult r = cos.completeMultipartUpload(request);
    return Out.of(
        "Bucket", r.getBucketName(), "Key", r.getKey(), "ETag", r.getETag(), "Location", r.getLocation(), "VersionId", r.getVersionId());
  }
}
