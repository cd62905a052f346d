package peer;

import java.net.URI;
import java.util.Map;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.cloud.client.serviceregistry.Registration;
import org.springframework.cloud.client.serviceregistry.ServiceRegistry;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * A registration for Spring Cloud's serviceregistry endpoint. Its registry behaves as Eureka's client was seen to: an
 * override replaces the status, CANCEL_OVERRIDE takes it away, and an unknown word makes the status UNKNOWN.
 */
@Configuration(proxyBeanMethods = false)
@ConditionalOnProperty(name = "peer.registers", havingValue = "true", matchIfMissing = true)
class Cloud {
    @Bean
    Registration registration() {
        return new Entry();
    }

    @Bean
    ServiceRegistry<Registration> serviceRegistry() {
        return new Overrides();
    }

    static final class Overrides implements ServiceRegistry<Registration> {
        private String override = "UNKNOWN";

        @Override
        public void register(Registration registration) {
        }

        @Override
        public void deregister(Registration registration) {
        }

        @Override
        public void close() {
        }

        @Override
        public synchronized void setStatus(Registration registration, String status) {
            switch (status) {
                case "CANCEL_OVERRIDE" -> override = "UNKNOWN";
                case "UP", "DOWN", "STARTING", "OUT_OF_SERVICE" -> override = status;
                default -> override = "?";
            }
        }

        @Override
        @SuppressWarnings("unchecked")
        public synchronized Map<String, String> getStatus(Registration registration) {
            return switch (override) {
                case "UNKNOWN" -> Map.of("status", "UP", "overriddenStatus", "UNKNOWN");
                case "?" -> Map.of("status", "UNKNOWN", "overriddenStatus", "UNKNOWN");
                default -> Map.of("status", override, "overriddenStatus", override);
            };
        }
    }

    static final class Entry implements Registration {
        @Override
        public String getServiceId() {
            return "shop";
        }

        @Override
        public String getHost() {
            return "127.0.0.1";
        }

        @Override
        public int getPort() {
            return 0;
        }

        @Override
        public boolean isSecure() {
            return false;
        }

        @Override
        public URI getUri() {
            return URI.create("http://127.0.0.1");
        }

        @Override
        public Map<String, String> getMetadata() {
            return Map.of();
        }
    }
}
