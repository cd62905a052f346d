package peer;

import io.github.resilience4j.circuitbreaker.CallNotPermittedException;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerRegistry;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.context.event.EventListener;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** A service whose breakers guard calls to one upstream. */
@SpringBootApplication
@RestController
public class Peer {
    /** Names that a path does not carry as they are. */
    static final List<String> NASTY = List.of("a/b", "with space", "100%", "x#y", "semi;colon", "a+b");

    private final CircuitBreakerRegistry breakers;
    private final String upstream;
    private final HttpClient client = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(20)).build();

    Peer(CircuitBreakerRegistry breakers, @Value("${peer.upstream:}") String upstream) {
        this.breakers = breakers;
        this.upstream = upstream;
        NASTY.forEach(name -> breakers.circuitBreaker(name, "default"));
    }

    /** Arguments as any application has them; behind each "--" are those of one more, in the same machine. */
    public static void main(String[] args) {
        List<String> own = new ArrayList<>();
        for (String arg : args) {
            if (arg.equals("--")) {
                SpringApplication.run(Peer.class, own.toArray(String[]::new));
                own.clear();
            } else {
                own.add(arg);
            }
        }
        SpringApplication.run(Peer.class, own.toArray(String[]::new));
    }

    /** Says where it is: the port is any that is free. */
    @EventListener
    void ready(ApplicationReadyEvent event) {
        System.out.println("ready on port " + event.getApplicationContext().getEnvironment().getProperty("local.server.port"));
    }

    /** One call to the upstream through a breaker: 200, 502 where it failed, 503 where the breaker refused it. */
    @GetMapping("/call")
    ResponseEntity<String> call(@RequestParam("name") String name) {
        CircuitBreaker breaker = breakers.find(name).orElse(null);
        if (breaker == null) {
            return ResponseEntity.status(404).body("no breaker " + name);
        }
        try {
            return ResponseEntity.ok(breaker.executeCallable(this::ask));
        } catch (CallNotPermittedException e) {
            return ResponseEntity.status(503).body("refused");
        } catch (Exception e) {
            return ResponseEntity.status(502).body("failed");
        }
    }

    private String ask() throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create(upstream)).timeout(Duration.ofSeconds(20)).build();
        HttpResponse<String> answer = client.send(request, HttpResponse.BodyHandlers.ofString());
        if (answer.statusCode() != 200) {
            throw new IllegalStateException("upstream said " + answer.statusCode());
        }
        return answer.body();
    }
}
