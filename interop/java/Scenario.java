// What people do daily, with IBM's SDK for Java.
//
// usage: java -cp 'lib/*' Scenario.java MODE ENDPOINT CREDENTIAL
//
// MODE is iam (an API key) or hmac (HMAC keys, signature V4). CREDENTIAL is a
// service credential, the JSON that COS issues.

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.ibm.cloud.objectstorage.ClientConfiguration;
import com.ibm.cloud.objectstorage.SDKGlobalConfiguration;
import com.ibm.cloud.objectstorage.auth.AWSCredentials;
import com.ibm.cloud.objectstorage.auth.AWSStaticCredentialsProvider;
import com.ibm.cloud.objectstorage.auth.BasicAWSCredentials;
import com.ibm.cloud.objectstorage.client.builder.AwsClientBuilder.EndpointConfiguration;
import com.ibm.cloud.objectstorage.oauth.BasicIBMOAuthCredentials;
import com.ibm.cloud.objectstorage.services.s3.AmazonS3;
import com.ibm.cloud.objectstorage.services.s3.AmazonS3ClientBuilder;
import com.ibm.cloud.objectstorage.services.s3.model.AbortMultipartUploadRequest;
import com.ibm.cloud.objectstorage.services.s3.model.AmazonS3Exception;
import com.ibm.cloud.objectstorage.services.s3.model.DeleteObjectsRequest;
import com.ibm.cloud.objectstorage.services.s3.model.GetObjectRequest;
import com.ibm.cloud.objectstorage.services.s3.model.InitiateMultipartUploadRequest;
import com.ibm.cloud.objectstorage.services.s3.model.ListObjectsV2Request;
import com.ibm.cloud.objectstorage.services.s3.model.ListObjectsV2Result;
import com.ibm.cloud.objectstorage.services.s3.model.ListPartsRequest;
import com.ibm.cloud.objectstorage.services.s3.model.ObjectMetadata;
import com.ibm.cloud.objectstorage.services.s3.model.S3ObjectSummary;
import com.ibm.cloud.objectstorage.services.s3.model.UploadPartRequest;
import com.ibm.cloud.objectstorage.services.s3.transfer.TransferManager;
import com.ibm.cloud.objectstorage.services.s3.transfer.TransferManagerBuilder;
import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Date;
import java.util.List;
import java.util.Random;

public class Scenario {
  static final int MIB = 1024 * 1024;
  static final String LOCATION = "us-south-standard";

  final AmazonS3 cos;
  final String mode;
  final String bucket;
  int steps;

  interface Step {
    void run() throws Exception;
  }

  Scenario(AmazonS3 cos, String mode) {
    this.cos = cos;
    this.mode = mode;
    this.bucket = "java-" + mode;
  }

  public static void main(String[] args) throws Exception {
    String mode = args[0];
    String endpoint = args[1];
    JsonNode credential = new ObjectMapper().readTree(new File(args[2]));
    AWSCredentials credentials;
    if (mode.equals("hmac")) {
      JsonNode keys = credential.get("cos_hmac_keys");
      credentials = new BasicAWSCredentials(keys.get("access_key_id").asText(), keys.get("secret_access_key").asText());
    } else {
      SDKGlobalConfiguration.IAM_ENDPOINT = endpoint + "/identity/token";
      credentials =
          new BasicIBMOAuthCredentials(
              credential.get("apikey").asText(), credential.get("resource_instance_id").asText());
    }
    AmazonS3 cos =
        AmazonS3ClientBuilder.standard()
            .withCredentials(new AWSStaticCredentialsProvider(credentials))
            .withEndpointConfiguration(new EndpointConfiguration(endpoint, "us-south"))
            .withPathStyleAccessEnabled(true)
            .withClientConfiguration(new ClientConfiguration().withMaxErrorRetry(0))
            .build();
    try {
      new Scenario(cos, mode).run();
    } catch (AssertionError | Exception e) {
      e.printStackTrace();
      System.exit(1);
    }
    System.exit(0); // the SDK keeps threads of its own
  }

  void run() throws Exception {
    step("create bucket", () -> cos.createBucket(bucket, LOCATION));
    step("bucket exists", () -> fails("BucketAlready.*", () -> cos.createBucket(bucket, LOCATION)));
    step("list buckets", () -> check(cos.listBuckets().stream().anyMatch(b -> b.getName().equals(bucket)), "is missing"));
    small();
    large();
    step("delete bucket", () -> cos.deleteBucket(bucket));
    step("no such bucket", () -> fails("NoSuchBucket", () -> cos.listObjectsV2(bucket)));
    System.out.printf("scenario %s: %d steps%n", mode, steps);
  }

  void small() throws Exception {
    List<String> keys =
        Arrays.asList("a", "a/b", "a//b", "percent%2Fliteral", "plain", "plus+plus", "with space", "ünï/日本/😀");
    step(
        "put and get",
        () -> {
          for (String key : keys) {
            byte[] body = ("the content of " + key).getBytes(StandardCharsets.UTF_8);
            ObjectMetadata metadata = new ObjectMetadata();
            metadata.setContentLength(body.length);
            metadata.setContentType("text/x-test");
            metadata.addUserMetadata("shape", "round");
            cos.putObject(bucket, key, new ByteArrayInputStream(body), metadata);
            check(Arrays.equals(body, read(new GetObjectRequest(bucket, key))), key + " differs");
            ObjectMetadata got = cos.getObjectMetadata(bucket, key);
            check(got.getContentType().equals("text/x-test"), "content type is " + got.getContentType());
            check("round".equals(got.getUserMetaDataOf("shape")), "metadata is " + got.getUserMetadata());
          }
        });
    step(
        "list",
        () -> {
          List<String> got = new ArrayList<>();
          ListObjectsV2Request request = new ListObjectsV2Request().withBucketName(bucket).withMaxKeys(3);
          ListObjectsV2Result page;
          do {
            page = cos.listObjectsV2(request);
            for (S3ObjectSummary o : page.getObjectSummaries()) {
              got.add(o.getKey());
            }
            request.setContinuationToken(page.getNextContinuationToken());
          } while (page.isTruncated());
          Collections.sort(got);
          List<String> want = new ArrayList<>(keys);
          Collections.sort(want);
          check(got.equals(want), "listed " + got);
        });
    step("bucket is not empty", () -> fails("BucketNotEmpty", () -> cos.deleteBucket(bucket)));
    step("no such key", () -> fails("NoSuchKey", () -> cos.getObject(bucket, "missing")));
    step(
        "delete many",
        () -> {
          DeleteObjectsRequest request = new DeleteObjectsRequest(bucket).withKeys(keys.toArray(new String[0]));
          int n = cos.deleteObjects(request).getDeletedObjects().size();
          check(n == keys.size(), "deleted " + n);
        });
  }

  void large() throws Exception {
    byte[] body = new byte[64 * MIB + 12345];
    new Random(1).nextBytes(body);
    Path file = Files.createTempFile("interop", ".bin");
    Files.write(file, body);
    step(
        "upload in parts",
        () -> {
          TransferManager manager =
              TransferManagerBuilder.standard()
                  .withS3Client(cos)
                  .withMinimumUploadPartSize(8L * MIB)
                  .withMultipartUploadThreshold(16L * MIB)
                  .build();
          manager.upload(bucket, "large", file.toFile()).waitForCompletion();
          manager.shutdownNow(false);
          String etag = cos.getObjectMetadata(bucket, "large").getETag();
          check(etag.endsWith("-9"), "etag is " + etag);
        });
    step("get large", () -> check(Arrays.equals(body, read(new GetObjectRequest(bucket, "large"))), "differs"));
    step(
        "get range",
        () -> {
          int from = 8 * MIB - 10;
          byte[] got = read(new GetObjectRequest(bucket, "large").withRange(from, from + 19));
          check(Arrays.equals(got, Arrays.copyOfRange(body, from, from + 20)), "differs");
        });
    step(
        "copy",
        () -> {
          cos.copyObject(bucket, "large", bucket, "copied");
          check(Arrays.equals(body, read(new GetObjectRequest(bucket, "copied"))), "differs");
        });
    if (mode.equals("hmac")) {
      step(
          "presign",
          () -> {
            Date soon = new Date(System.currentTimeMillis() + 60_000);
            try (InputStream in = cos.generatePresignedUrl(bucket, "large", soon).openStream()) {
              check(Arrays.equals(body, in.readAllBytes()), "differs");
            }
          });
    }
    step("abort", this::abort);
    step(
        "delete",
        () -> {
          cos.deleteObject(bucket, "large");
          cos.deleteObject(bucket, "copied");
        });
    Files.delete(file);
  }

  void abort() throws Exception {
    String id = cos.initiateMultipartUpload(new InitiateMultipartUploadRequest(bucket, "never")).getUploadId();
    cos.uploadPart(
        new UploadPartRequest()
            .withBucketName(bucket)
            .withKey("never")
            .withUploadId(id)
            .withPartNumber(1)
            .withPartSize(1)
            .withInputStream(new ByteArrayInputStream(new byte[] {'x'})));
    int parts = cos.listParts(new ListPartsRequest(bucket, "never", id)).getParts().size();
    check(parts == 1, "listed " + parts + " parts");
    cos.abortMultipartUpload(new AbortMultipartUploadRequest(bucket, "never", id));
    fails("NoSuchUpload", () -> cos.listParts(new ListPartsRequest(bucket, "never", id)));
  }

  byte[] read(GetObjectRequest request) throws IOException {
    try (InputStream in = cos.getObject(request).getObjectContent()) {
      return in.readAllBytes();
    }
  }

  void step(String name, Step step) throws Exception {
    try {
      step.run();
    } catch (Exception e) {
      throw new Exception(name, e);
    }
    steps++;
    System.out.println("ok " + name);
  }

  static void check(boolean ok, String message) {
    if (!ok) {
      throw new AssertionError(message);
    }
  }

  static void fails(String code, Step step) throws Exception {
    try {
      step.run();
    } catch (AmazonS3Exception e) {
      check(e.getErrorCode().matches(code), "code is " + e.getErrorCode() + ", want " + code);
      return;
    }
    throw new AssertionError("no error, want " + code);
  }
}
