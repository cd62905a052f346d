package peer;

import de.codecentric.boot.admin.server.config.EnableAdminServer;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Profile;

/** A Spring Boot Admin server, where the profile "admin" is on. */
@Configuration(proxyBeanMethods = false)
@Profile("admin")
@EnableAdminServer
class Gateway {
}
