// Receives Florin's webhooks with the JDK alone: WEBHOOK_SECRET=whsec_… PORT=8080 java Receiver.java
import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.Base64;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

public class Receiver {
  private static final long TOLERANCE_SECONDS = 300;

  static boolean isAuthentic(byte[] key, Headers headers, byte[] body) throws Exception {
    String id = headers.getFirst("webhook-id");
    String timestamp = headers.getFirst("webhook-timestamp");
    String signatures = headers.getFirst("webhook-signature");
    if (id == null || signatures == null || timestamp == null || !timestamp.matches("\\d{1,12}")) return false;
    if (Math.abs(Instant.now().getEpochSecond() - Long.parseLong(timestamp)) > TOLERANCE_SECONDS) return false;
    Mac mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(key, "HmacSHA256"));
    mac.update((id + "." + timestamp + ".").getBytes(StandardCharsets.UTF_8));
    byte[] expected = ("v1," + Base64.getEncoder().encodeToString(mac.doFinal(body))).getBytes();
    // During a rotation there are several signatures; one that fits is enough.
    for (String given : signatures.split(" ")) {
      if (MessageDigest.isEqual(given.getBytes(), expected)) return true;
    }
    return false;
  }

  public static void main(String[] args) throws Exception {
    byte[] key = Base64.getDecoder().decode(System.getenv("WEBHOOK_SECRET").replaceFirst("^whsec_", ""));
    int port = Integer.parseInt(System.getenv().getOrDefault("PORT", "8080"));
    // In a real receiver: a table with a unique index, written with the work itself.
    Set<String> seen = ConcurrentHashMap.newKeySet();
    HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
    server.createContext("/", exchange -> {
      // The bytes as they came: parsed and written again they are others.
      byte[] body = exchange.getRequestBody().readAllBytes();
      boolean authentic;
      try {
        authentic = isAuthentic(key, exchange.getRequestHeaders(), body);
      } catch (Exception fault) {
        authentic = false;
      }
      String id = exchange.getRequestHeaders().getFirst("webhook-id");
      if (authentic && seen.add(id)) System.out.println("webhook " + id + " of " + body.length + " bytes");
      exchange.sendResponseHeaders(authentic ? 204 : 400, -1);
      exchange.close();
    });
    server.start();
  }
}
