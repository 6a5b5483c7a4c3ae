// The API with Java 17 or newer and no library: see README.md beside this file. A real
// shop has a library for JSON; here nothing needs to be escaped.

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

class Shop {
  static final HttpClient client = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(10)).build();

  /** Returns the answer as text. A call with the same key has no second effect. */
  static String post(String path, String key, String body) throws IOException, InterruptedException {
    var request = HttpRequest.newBuilder(URI.create(System.getenv("MOREPAY_ORIGIN") + path))
        .header("Authorization", "Bearer " + System.getenv("MOREPAY_KEY"))
        .header("Idempotency-Key", key)
        .header("Content-Type", "application/json")
        .timeout(Duration.ofSeconds(10))
        .POST(HttpRequest.BodyPublishers.ofString(body))
        .build();
    var answer = client.send(request, HttpResponse.BodyHandlers.ofString());
    if (answer.statusCode() / 100 != 2) {
      throw new IOException(answer.statusCode() + ", request " + answer.headers().firstValue("Request-Id").orElse("") + ": " + answer.body());
    }
    return answer.body();
  }

  /** Fails unless a message is signed with our secret, and new. body holds the bytes that came. */
  static void verify(byte[] body, String id, String timestamp, String signatures) throws GeneralSecurityException {
    if (Math.abs(Instant.now().getEpochSecond() - Long.parseLong(timestamp)) > 300) {
      throw new GeneralSecurityException("too old");
    }
    var secret = Base64.getDecoder().decode(System.getenv("MOREPAY_WEBHOOK_SECRET").substring("whsec_".length()));
    var mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(secret, "HmacSHA256"));
    mac.update((id + "." + timestamp + ".").getBytes(UTF_8));
    var expected = ("v1," + Base64.getEncoder().encodeToString(mac.doFinal(body))).getBytes(UTF_8);
    for (var signature : signatures.split(" ")) {
      if (MessageDigest.isEqual(expected, signature.getBytes(UTF_8))) {
        return;
      }
    }
    throw new GeneralSecurityException("not signed with our secret");
  }

  public static void main(String[] args) throws Exception {
    switch (args[0]) {
      case "session" -> System.out.println(post("/v1/sessions", "order-" + args[1], """
          {"merchant_reference": "%s", "amount": {"currency": "CNY", "value": 5980}, "description": "Enamel mug", "return_url": "%s"}
          """.formatted(args[1], System.getenv("RETURN_URL"))));
      case "refund" -> System.out.println(post("/v1/sessions/" + args[1] + "/refunds", "refund-" + args[2], """
          {"merchant_reference": "%s", "amount": {"currency": "CNY", "value": %s}}
          """.formatted(args[2], args[3])));
      case "webhook" -> {
        var body = System.in.readAllBytes();
        verify(body, System.getenv("WEBHOOK_ID"), System.getenv("WEBHOOK_TIMESTAMP"), System.getenv("WEBHOOK_SIGNATURE"));
        System.out.write(body);
        System.out.flush();
      }
    }
  }
}
