package io.berth.identity;

import io.berth.http.Exchange;
import java.net.URI;
import java.util.Optional;

/** The cookie by which a browser shows its session: only over TLS where TLS is spoken, and never to scripts. */
public final class SessionCookie {
    private SessionCookie() {}

    /**
     * The value of Set-Cookie that begins a session.
     *
     * @param externalUrl how browsers reach this server, when that differs from what they ask
     */
    public static String begin(Exchange exchange, Optional<URI> externalUrl, Sessions.Started session) {
        return of(exchange, externalUrl, session.cookie());
    }

    /** The value of Set-Cookie by which the browser forgets its session. */
    public static String end(Exchange exchange, Optional<URI> externalUrl) {
        return of(exchange, externalUrl, "") + "; Max-Age=0";
    }

    private static String of(Exchange exchange, Optional<URI> externalUrl, String value) {
        boolean secure = exchange.baseUrl(externalUrl).startsWith("https:")
                || exchange.askedUrl().startsWith("https:");
        return Caller.COOKIE + "=" + value + "; Path=/; HttpOnly; SameSite=Lax" + (secure ? "; Secure" : "");
    }
}
