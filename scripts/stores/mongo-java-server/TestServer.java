// SPDX-License-Identifier: BSL-1.0
// A MongoDB-wire server in memory, on free ports of 127.0.0.1: one in the clear and one with TLS, which share nothing.
// Prints their ports on one line when both listen, and runs until it is killed.
// Arguments: the TLS server's private key (PKCS #8, DER) and certificate (X.509).
import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.backend.memory.MemoryBackend;
import java.io.ByteArrayInputStream;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;

public class TestServer {
    private static int listen(MongoServer server) {
        server.enableOplog(); // for change streams
        server.bind(new InetSocketAddress("127.0.0.1", 0), 1, 2);
        return server.getLocalAddress().getPort();
    }

    public static void main(String[] arguments) throws Exception {
        var key = KeyFactory.getInstance("RSA").generatePrivate(
            new PKCS8EncodedKeySpec(Files.readAllBytes(Path.of(arguments[0]))));
        var certificate = (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(
            new ByteArrayInputStream(Files.readAllBytes(Path.of(arguments[1]))));
        var encrypted = new MongoServer(new MemoryBackend());
        encrypted.enableSsl(key, null, certificate);
        System.out.println(listen(new MongoServer(new MemoryBackend())) + " " + listen(encrypted));
    }
}
