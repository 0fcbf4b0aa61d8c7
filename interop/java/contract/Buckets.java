package contract;

import com.ibm.cloud.objectstorage.services.s3.AmazonS3;
import com.ibm.cloud.objectstorage.services.s3.model.Bucket;
import com.ibm.cloud.objectstorage.services.s3.model.CreateBucketRequest;
import com.ibm.cloud.objectstorage.services.s3.model.EncryptionType;
import com.ibm.cloud.objectstorage.services.s3.model.FASPConnectionInfo;
import com.ibm.cloud.objectstorage.services.s3.model.GetObjectMetadataRequest;
import com.ibm.cloud.objectstorage.services.s3.model.HeadBucketRequest;
import com.ibm.cloud.objectstorage.services.s3.model.HeadBucketResult;
import com.ibm.cloud.objectstorage.services.s3.model.ListBucketsExtendedRequest;
import com.ibm.cloud.objectstorage.services.s3.model.ListBucketsExtendedResponse;
import com.ibm.cloud.objectstorage.services.s3.model.ListObjectsRequest;
import com.ibm.cloud.objectstorage.services.s3.model.ListObjectsV2Request;
import com.ibm.cloud.objectstorage.services.s3.model.ListObjectsV2Result;
import com.ibm.cloud.objectstorage.services.s3.model.ListVersionsRequest;
import com.ibm.cloud.objectstorage.services.s3.model.ObjectListing;
import com.ibm.cloud.objectstorage.services.s3.model.S3ObjectSummary;
import com.ibm.cloud.objectstorage.services.s3.model.S3VersionSummary;
import com.ibm.cloud.objectstorage.services.s3.model.VersionListing;
import com.ibm.cloud.objectstorage.waiters.FixedDelayStrategy;
import com.ibm.cloud.objectstorage.waiters.MaxAttemptsRetryStrategy;
import com.ibm.cloud.objectstorage.waiters.PollingStrategy;
import com.ibm.cloud.objectstorage.waiters.WaiterParameters;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Buckets, and the listings of what is in them. */
final class Buckets {
  private final AmazonS3 cos;
  private final AmazonS3 signer;

  /** Takes a client with HMAC keys too: getS3AccountOwner does not name the instance, as bearer tokens demand. */
  Buckets(AmazonS3 cos, AmazonS3 signer) {
    this.cos = cos;
    this.signer = signer;
  }

  void register(Map<String, Main.Operation> operations) {
    operations.put("CreateBucket", this::create);
    operations.put("HeadBucket", this::head);
    operations.put(
        "DeleteBucket",
        in -> {
          cos.deleteBucket(in.bucket());
          return new Out();
        });
    operations.put("ListBuckets", in -> Out.of("Buckets", Out.list(cos.listBuckets(), this::bucket), "Owner", Out.owner(signer.getS3AccountOwner())));
    operations.put("ListBucketsExtended", this::listExtended);
    operations.put("GetBucketAspera", this::aspera);
    operations.put("ListObjects", in -> listing(cos.listObjects(listRequest(in)), new ArrayList<>()));
    operations.put("ListObjectsV2", this::listV2);
    operations.put("ListObjectVersions", in -> versions(cos.listVersions(versionsRequest(in)), new ArrayList<>()));
    operations.put("paginate ListObjects", this::allObjects);
    operations.put("paginate ListObjectVersions", this::allVersions);
    operations.put("wait BucketExists", in -> waitFor(cos.waiters().bucketExists(), new HeadBucketRequest(in.bucket())));
    operations.put("wait BucketNotExists", in -> waitFor(cos.waiters().bucketNotExists(), new HeadBucketRequest(in.bucket())));
    operations.put("wait ObjectExists", in -> waitFor(cos.waiters().objectExists(), new GetObjectMetadataRequest(in.bucket(), in.key())));
    operations.put("wait ObjectNotExists", in -> waitFor(cos.waiters().objectNotExists(), new GetObjectMetadataRequest(in.bucket(), in.key())));
  }

  private static <R extends com.ibm.cloud.objectstorage.AmazonWebServiceRequest> Out waitFor(
      com.ibm.cloud.objectstorage.waiters.Waiter<R> waiter, R request) {
    PollingStrategy polling = new PollingStrategy(new MaxAttemptsRetryStrategy(5), new FixedDelayStrategy(1));
    waiter.run(new WaiterParameters<>(request).withPollingStrategy(polling));
    return new Out();
  }

  private Out create(In in) {
    CreateBucketRequest request = new CreateBucketRequest(in.bucket());
    in.child("CreateBucketConfiguration").str("LocationConstraint", request::setRegion);
    if (in.has("IBMSSEKPEncryptionAlgorithm")) {
      EncryptionType type = new EncryptionType();
      type.setKmsEncryptionAlgorithm(in.str("IBMSSEKPEncryptionAlgorithm"));
      type.setIBMSSEKMSCustomerRootKeyCrn(in.str("IBMSSEKPCustomerRootKeyCrn"));
      request.setEncryptionType(type);
    }
    if (in.bool("ObjectLockEnabledForBucket")) {
      request.setObjectLockEnabledForBucket(true);
    }
    return Out.of("Name", cos.createBucket(request).getName());
  }

  private Out head(In in) {
    HeadBucketResult r = cos.headBucket(new HeadBucketRequest(in.bucket()));
    return Out.of("IBMSSEKPEnabled", r.getIBMSSEKPEnabled(), "IBMSSEKPCrkId", r.getIBMSSEKPCrk());
  }

  private Out bucket(Bucket b) {
    return Out.of("Name", b.getName(), "CreationDate", b.getCreationDate(), "LocationConstraint", b.getLocationConstraint());
  }

  private Out listExtended(In in) {
    in.str("IBMServiceInstanceId"); // the client has it
    ListBucketsExtendedResponse r =
        cos.listBucketsExtended(new ListBucketsExtendedRequest(in.str("Prefix"), in.str("Marker"), in.integer("MaxKeys")));
    Out out = Out.of("Buckets", Out.list(r.getBuckets(), this::bucket), "IsTruncated", r.isTruncated(), "Marker", r.getMarker());
    return r.getBuckets().isEmpty() ? out : out.add("Owner", Out.owner(r.getBuckets().get(0).getOwner()));
  }

  private Out aspera(In in) {
    FASPConnectionInfo info = cos.getBucketFaspConnectionInfo(in.bucket());
    return Out.of(
        "AccessKey", Out.of("Id", info.getAccessKeyId(), "Secret", info.getAccessKeySecret()), "ATSEndpoint", info.getAtsEndpoint());
  }

  private static ListObjectsRequest listRequest(In in) {
    Integer max = in.page > 0 ? (Integer) in.page : in.integer("MaxKeys");
    return new ListObjectsRequest(in.bucket(), in.str("Prefix"), in.str("Marker"), in.str("Delimiter"), max);
  }

  private static Object summary(S3ObjectSummary o) {
    return Out.of(
        "Key", o.getKey(), "Size", o.getSize(), "ETag", o.getETag(), "LastModified", o.getLastModified(),
        "StorageClass", o.getStorageClass(), "Owner", Out.owner(o.getOwner()));
  }

  private static Out listing(ObjectListing page, List<Object> before) {
    before.addAll(Out.list(page.getObjectSummaries(), Buckets::summary));
    return Out.of(
        "Name", page.getBucketName(), "Prefix", page.getPrefix(), "Marker", page.getMarker(), "MaxKeys", page.getMaxKeys(),
        "Delimiter", page.getDelimiter(), "IsTruncated", page.isTruncated(), "NextMarker", page.getNextMarker(),
        "Contents", before, "CommonPrefixes", Out.prefixes(page.getCommonPrefixes()),
        "IBMSSEKPEnabled", page.getIBMSSEKPEnabled(), "IBMSSEKPCrkId", page.getIBMSSEKPCrk());
  }

  private Out allObjects(In in) {
    List<Object> objects = new ArrayList<>();
    List<String> prefixes = new ArrayList<>();
    ObjectListing page = cos.listObjects(listRequest(in));
    for (; ; page = cos.listNextBatchOfObjects(page)) {
      prefixes.addAll(page.getCommonPrefixes());
      Out out = listing(page, objects);
      if (!page.isTruncated()) {
        return out.add("CommonPrefixes", Out.prefixes(prefixes));
      }
    }
  }

  private Out listV2(In in) {
    ListObjectsV2Request request =
        new ListObjectsV2Request()
            .withBucketName(in.bucket())
            .withPrefix(in.str("Prefix"))
            .withDelimiter(in.str("Delimiter"))
            .withStartAfter(in.str("StartAfter"))
            .withContinuationToken(in.str("ContinuationToken"))
            .withMaxKeys(in.integer("MaxKeys"))
            .withFetchOwner(in.bool("FetchOwner"));
    ListObjectsV2Result page = cos.listObjectsV2(request);
    return Out.of(
        "Name", page.getBucketName(), "Prefix", page.getPrefix(), "MaxKeys", page.getMaxKeys(), "KeyCount", page.getKeyCount(),
        "Delimiter", page.getDelimiter(), "IsTruncated", page.isTruncated(), "StartAfter", page.getStartAfter(),
        "NextContinuationToken", page.getNextContinuationToken(),
        "Contents", Out.list(page.getObjectSummaries(), Buckets::summary),
        "CommonPrefixes", Out.prefixes(page.getCommonPrefixes()));
  }

  private static ListVersionsRequest versionsRequest(In in) {
    Integer max = in.page > 0 ? (Integer) in.page : in.integer("MaxKeys");
    return new ListVersionsRequest(
        in.bucket(), in.str("Prefix"), in.str("KeyMarker"), in.str("VersionIdMarker"), in.str("Delimiter"), max);
  }

  private static Out version(S3VersionSummary v) {
    Out out =
        Out.of(
            "Key", v.getKey(), "VersionId", v.getVersionId(), "IsLatest", v.isLatest(), "LastModified", v.getLastModified(),
            "Owner", Out.owner(v.getOwner()));
    return v.isDeleteMarker() ? out : out.add("Size", v.getSize()).add("ETag", v.getETag()).add("StorageClass", v.getStorageClass());
  }

  /** Adds a page to those before, and tells versions and delete markers apart, which the SDK mixes. */
  private static Out versions(VersionListing page, List<S3VersionSummary> before) {
    before.addAll(page.getVersionSummaries());
    List<Object> versions = new ArrayList<>();
    List<Object> markers = new ArrayList<>();
    before.forEach(v -> (v.isDeleteMarker() ? markers : versions).add(version(v)));
    return Out.of(
        "Name", page.getBucketName(), "Prefix", page.getPrefix(), "KeyMarker", page.getKeyMarker(),
        "VersionIdMarker", page.getVersionIdMarker(), "MaxKeys", page.getMaxKeys(), "IsTruncated", page.isTruncated(),
        "NextKeyMarker", page.getNextKeyMarker(), "NextVersionIdMarker", page.getNextVersionIdMarker(),
        "Versions", versions, "DeleteMarkers", markers, "CommonPrefixes", Out.prefixes(page.getCommonPrefixes()));
  }

  private Out allVersions(In in) {
    List<S3VersionSummary> all = new ArrayList<>();
    VersionListing page = cos.listVersions(versionsRequest(in));
    for (; ; page = cos.listNextBatchOfVersions(page)) {
      Out out = versions(page, all);
      if (!page.isTruncated()) {
        return out;
      }
    }
  }
}
