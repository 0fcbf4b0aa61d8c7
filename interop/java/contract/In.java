package contract;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;

/** The parameters of a call. They tell which of them nobody asked for, so that none is left out unseen. */
final class In {
  final int page;
  private final JsonNode node;
  private final Set<String> used = new HashSet<>();

  In(JsonNode node, int page) {
    this.node = node == null ? MissingNode.getInstance() : node;
    this.page = page;
  }

  boolean has(String name) {
    return node.hasNonNull(name);
  }

  private JsonNode get(String name) {
    used.add(name);
    return node.path(name);
  }

  /** Returns a parameter; null if it is not given. */
  String str(String name) {
    JsonNode n = get(name);
    return n.isMissingNode() || n.isNull() ? null : n.asText();
  }

  String bucket() {
    return str("Bucket");
  }

  String key() {
    return str("Key");
  }

  boolean bool(String name) {
    return get(name).asBoolean();
  }

  Integer integer(String name) {
    return has(name) ? (Integer) get(name).asInt() : null;
  }

  Long number(String name) {
    return has(name) ? (Long) get(name).asLong() : null;
  }

  Date date(String name) {
    return has(name) ? Date.from(Instant.parse(str(name))) : null;
  }

  In child(String name) {
    return new In(get(name), 0);
  }

  List<In> list(String name) {
    List<In> all = new ArrayList<>();
    get(name).forEach(n -> all.add(new In(n, 0)));
    return all;
  }

  List<String> strings(String name) {
    List<String> all = new ArrayList<>();
    get(name).forEach(n -> all.add(n.asText()));
    return all;
  }

  Map<String, String> map(String name) {
    Map<String, String> all = new TreeMap<>();
    get(name).fields().forEachRemaining(e -> all.put(e.getKey(), e.getValue().asText()));
    return all;
  }

  /** Hands a parameter to a setter if it is given. */
  void str(String name, Consumer<String> set) {
    if (has(name)) {
      set.accept(str(name));
    }
  }

  /** Fails if there are parameters that nobody asked for. */
  void allUsed() {
    List<String> left = new ArrayList<>();
    node.fieldNames().forEachRemaining(left::add);
    left.removeAll(used);
    if (!left.isEmpty()) {
      throw new IllegalArgumentException("the SDK has no parameters " + left);
    }
  }
}
