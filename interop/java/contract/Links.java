package contract;

import com.ibm.cloud.objectstorage.HttpMethod;
import com.ibm.cloud.objectstorage.services.s3.AmazonS3;
import com.ibm.cloud.objectstorage.services.s3.model.PresignedUrlDownloadRequest;
import com.ibm.cloud.objectstorage.services.s3.model.PresignedUrlUploadRequest;
import java.io.ByteArrayInputStream;
import java.net.URI;
import java.net.URL;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Date;
import java.util.Map;

/** Presigned links: made with HMAC keys, followed by whoever has them. */
final class Links {
  private final AmazonS3 cos;
  private final AmazonS3 signer;
  private final HttpClient browser = HttpClient.newHttpClient();

  Links(AmazonS3 cos, AmazonS3 signer) {
    this.cos = cos;
    this.signer = signer;
  }

  void register(Map<String, Main.Operation> operations) {
    operations.put("presign GetObject", this::get);
    operations.put("presign PutObject", this::put);
    operations.put("follow links", this::follow);
  }

  private URL link(In in, HttpMethod method) {
    return signer.generatePresignedUrl(in.bucket(), in.key(), new Date(System.currentTimeMillis() + 60_000), method);
  }

  private Out sent(HttpRequest.Builder request) throws Exception {
    HttpResponse<String> answer = browser.send(request.build(), HttpResponse.BodyHandlers.ofString());
    return Out.of("status", answer.statusCode(), "Body", answer.body());
  }

  private Out get(In in) throws Exception {
    return sent(HttpRequest.newBuilder(URI.create(link(in, HttpMethod.GET).toString())));
  }

  private Out put(In in) throws Exception {
    HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(link(in, HttpMethod.PUT).toString()));
    return sent(request.PUT(HttpRequest.BodyPublishers.ofString(in.str("Body"))));
  }

  /** Uploads and downloads with the client's own methods for links. */
  private Out follow(In in) throws Exception {
    byte[] body = in.str("Body").getBytes(StandardCharsets.UTF_8);
    cos.upload(new PresignedUrlUploadRequest(link(in, HttpMethod.PUT)).withInputStream(new ByteArrayInputStream(body)));
    byte[] got =
        cos.download(new PresignedUrlDownloadRequest(link(in, HttpMethod.GET))).getS3Object().getObjectContent().readAllBytes();
    return Out.of("Body", new String(got, StandardCharsets.UTF_8));
  }
}
