package contract;

import com.ibm.cloud.objectstorage.services.s3.model.Owner;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.function.Function;

/** The results of a call, with the names of the service's model. Nulls are left out. */
final class Out extends LinkedHashMap<String, Object> {
  private static final long serialVersionUID = 1;

  /** Makes results from names and values in turn. */
  static Out of(Object... namesAndValues) {
    Out out = new Out();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      out.add((String) namesAndValues[i], namesAndValues[i + 1]);
    }
    return out;
  }

  Out add(String name, Object value) {
    if (value instanceof Date) {
      value = ((Date) value).toInstant().truncatedTo(ChronoUnit.SECONDS).toString();
    }
    if (value != null) {
      put(name, value);
    }
    return this;
  }

  static <T> List<Object> list(Iterable<T> from, Function<T, Object> each) {
    List<Object> all = new ArrayList<>();
    if (from != null) {
      from.forEach(t -> all.add(each.apply(t)));
    }
    return all;
  }

  static Out owner(Owner o) {
    return o == null ? null : Out.of("ID", o.getId(), "DisplayName", o.getDisplayName());
  }

  static List<Object> prefixes(List<String> prefixes) {
    return list(prefixes, p -> Out.of("Prefix", p));
  }
}
