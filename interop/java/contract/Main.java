package contract;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.ibm.cloud.objectstorage.AmazonServiceException;
import com.ibm.cloud.objectstorage.ClientConfiguration;
import com.ibm.cloud.objectstorage.Request;
import com.ibm.cloud.objectstorage.Response;
import com.ibm.cloud.objectstorage.SDKGlobalConfiguration;
import com.ibm.cloud.objectstorage.auth.AWSCredentials;
import com.ibm.cloud.objectstorage.auth.AWSStaticCredentialsProvider;
import com.ibm.cloud.objectstorage.auth.BasicAWSCredentials;
import com.ibm.cloud.objectstorage.client.builder.AwsClientBuilder.EndpointConfiguration;
import com.ibm.cloud.objectstorage.handlers.RequestHandler2;
import com.ibm.cloud.objectstorage.oauth.BasicIBMOAuthCredentials;
import com.ibm.cloud.objectstorage.services.s3.AmazonS3;
import com.ibm.cloud.objectstorage.services.s3.AmazonS3ClientBuilder;
import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Calls of IBM's SDK for Java, one per line of standard input.
 *
 * <p>usage: java contract.Main ENDPOINT CREDENTIAL
 *
 * <p>The lines are those of ../../python/contract.py, and "unused", which lists the methods of the SDK that no line needed.
 */
public final class Main {
  /** One operation of the service. */
  interface Operation {
    Out call(In in) throws Exception;
  }

  /** What the client has besides calls: settings, what it knows by itself, and its end. */
  private static final Set<String> NOT_CALLS =
      new HashSet<>(
          Arrays.asList(
              "setEndpoint", "setRegion", "setS3ClientOptions", "getRegion", "getRegionName", "getUrl", "shutdown",
              "getCachedResponseMetadata"));

  private final ObjectMapper json = new ObjectMapper();
  private final Set<String> called = new HashSet<>();
  private final Map<String, Operation> operations = new TreeMap<>();
  private final Status status = new Status();

  /** The status of the last answer, which the SDK gives to handlers only, and its error, which it keeps from some callers. */
  private static final class Status extends RequestHandler2 {
    int code;
    AmazonServiceException error;

    @Override
    public void afterResponse(Request<?> request, Response<?> response) {
      code = response.getHttpResponse().getStatusCode();
    }

    @Override
    public void afterError(Request<?> request, Response<?> response, Exception e) {
      if (e instanceof AmazonServiceException) {
        error = (AmazonServiceException) e;
        code = error.getStatusCode();
      }
    }
  }

  private Main(String endpoint, JsonNode credential) {
    SDKGlobalConfiguration.IAM_ENDPOINT = endpoint + "/identity/token";
    JsonNode keys = credential.get("cos_hmac_keys");
    String instance = credential.get("resource_instance_id").asText();
    AmazonS3 client = client(endpoint, new BasicIBMOAuthCredentials(credential.get("apikey").asText(), instance));
    AmazonS3 signer =
        client(endpoint, new BasicAWSCredentials(keys.get("access_key_id").asText(), keys.get("secret_access_key").asText()));
    new Buckets(client, signer).register(operations);
    new Objects(client).register(operations);
    new Uploads(client).register(operations);
    new Configurations(client).register(operations);
    new Locks(client).register(operations);
    new Links(client, signer).register(operations);
    operations.put("model", in -> model());
    operations.put("unused", in -> Out.of("Methods", unused()));
  }

  /** Makes a client that remembers which of its methods were called. */
  private AmazonS3 client(String endpoint, AWSCredentials credentials) {
    AmazonS3 client =
        AmazonS3ClientBuilder.standard()
            .withCredentials(new AWSStaticCredentialsProvider(credentials))
            .withEndpointConfiguration(new EndpointConfiguration(endpoint, "us-south"))
            .withPathStyleAccessEnabled(true)
            .withRequestHandlers(status)
            .withClientConfiguration(new ClientConfiguration().withMaxErrorRetry(0))
            .build();
    return (AmazonS3)
        Proxy.newProxyInstance(
            Main.class.getClassLoader(),
            new Class<?>[] {AmazonS3.class},
            (proxy, method, args) -> {
              called.add(method.getName());
              try {
                return method.invoke(client, args);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  private Set<String> unused() {
    Set<String> names = new TreeSet<>();
    for (Method method : AmazonS3.class.getMethods()) {
      names.add(method.getName());
    }
    names.removeAll(NOT_CALLS);
    names.removeAll(called);
    return names;
  }

  private Out model() {
    List<String> plain = new ArrayList<>();
    List<String> paginators = new ArrayList<>();
    List<String> waiters = new ArrayList<>();
    List<String> presigns = new ArrayList<>();
    for (String name : operations.keySet()) {
      String[] words = name.split(" ");
      switch (words[0]) {
        case "model":
        case "unused":
          break;
        case "paginate":
          paginators.add(words[1]);
          break;
        case "wait":
          waiters.add(words[1]);
          break;
        case "presign":
          presigns.add(words[1]);
          break;
        default:
          plain.add(name);
      }
    }
    return Out.of("operations", plain, "paginators", paginators, "waiters", waiters, "presigns", presigns, "unused", true);
  }

  private Out answer(JsonNode line) {
    String name = line.get("op").asText();
    In in = new In(line.get("in"), line.path("page").asInt());
    status.code = 0;
    status.error = null;
    try {
      Out out = operations.get(name).call(in);
      in.allUsed();
      if (out == null) { // what the SDK makes of a condition that is not met, and of some things that are not there
        throw status.error;
      }
      Object sent = out.remove("status");
      return Out.of("status", sent == null ? status.code : sent, "out", out);
    } catch (AmazonServiceException e) {
      return Out.of("status", e.getStatusCode(), "error", e.getErrorCode(), "message", e.getMessage());
    } catch (Exception e) {
      return Out.of("status", 0, "error", "sdk: " + e.getClass().getSimpleName(), "message", e + " because of " + e.getCause());
    }
  }

  public static void main(String[] args) throws Exception {
    ObjectMapper json = new ObjectMapper();
    Main main = new Main(args[0], json.readTree(new File(args[1])));
    PrintStream out = new PrintStream(System.out, true, "UTF-8");
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      out.println(main.json.writeValueAsString(main.answer(json.readTree(line))));
    }
    System.exit(0); // the SDK keeps threads of its own
  }
}
