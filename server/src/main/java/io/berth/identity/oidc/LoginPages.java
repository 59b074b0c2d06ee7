package io.berth.identity.oidc;

import io.berth.http.Exchange;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/** The pages of a login, in English and Chinese, without scripts or anything from elsewhere. */
final class LoginPages {
    private static final String POLICY =
            "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private LoginPages() {}

    private enum Text {
        TITLE("Log in to Berth", "登录 Berth"),
        CHOOSE("Choose where you have your account.", "请选择您的账号所在之处。"),
        NONE("No identity provider is configured.", "尚未配置身份提供方。"),
        LOCAL("Accounts with a password log in with docker login.", "使用密码的账号请直接用 docker login 登录。"),
        WELCOME("You are logged in as", "您已登录为"),
        SECRET("Your secret for command lines. It is shown this once:", "您的命令行密钥，仅显示这一次："),
        USE("Use it as the password:", "请将它用作密码："),
        HAS("You have a secret for command lines already. It cannot be shown again.", "您已有命令行密钥，无法再次显示。"),
        RENEW("Make a new one; the old one stops working", "生成新密钥（旧密钥将失效）"),
        FAILED("The login failed", "登录失败"),
        AGAIN("Try again", "重试");

        private final String english;
        private final String chinese;

        Text(String english, String chinese) {
            this.english = english;
            this.chinese = chinese;
        }

        String in(boolean inChinese) {
            return inChinese ? chinese : english;
        }
    }

    private static boolean chinese(Exchange exchange) {
        String accepted = exchange.header("Accept-Language");
        return accepted != null
                && accepted.strip().toLowerCase(java.util.Locale.ROOT).startsWith("zh");
    }

    static void choose(Exchange exchange, List<OidcProvider> providers) {
        boolean zh = chinese(exchange);
        var body = new StringBuilder();
        paragraph(body, (providers.isEmpty() ? Text.NONE : Text.CHOOSE).in(zh));
        for (OidcProvider provider : providers) {
            body.append("<p><a class=\"button\" href=\"/c/oidc/login?provider=")
                    .append(URLEncoder.encode(provider.name(), StandardCharsets.UTF_8))
                    .append("\">")
                    .append(escape(provider.title()))
                    .append("</a></p>\n");
        }
        paragraph(body, Text.LOCAL.in(zh));
        answer(exchange, 200, Text.TITLE, body.toString());
    }

    static void done(Exchange exchange, OidcProvider provider, String user, Optional<String> secret, String registry) {
        boolean zh = chinese(exchange);
        var body = new StringBuilder("<p>" + Text.WELCOME.in(zh) + " <b>" + escape(user) + "</b></p>\n");
        if (secret.isPresent()) {
            paragraph(body, Text.SECRET.in(zh));
            body.append("<pre id=\"secret\">").append(escape(secret.get())).append("</pre>\n");
            paragraph(body, Text.USE.in(zh));
            body.append("<pre>docker login -u ")
                    .append(escape(shell(user)))
                    .append(' ')
                    .append(escape(registry))
                    .append("</pre>\n");
        } else {
            paragraph(body, Text.HAS.in(zh));
            body.append("<p><a href=\"/c/oidc/login?renew=true&amp;provider=")
                    .append(URLEncoder.encode(provider.name(), StandardCharsets.UTF_8))
                    .append("\">")
                    .append(Text.RENEW.in(zh))
                    .append("</a></p>\n");
        }
        answer(exchange, 200, Text.TITLE, body.toString());
    }

    static void failed(Exchange exchange, int status, String why) {
        boolean zh = chinese(exchange);
        answer(
                exchange,
                status,
                Text.FAILED,
                "<p>" + escape(why) + "</p>\n<p><a href=\"/login\">" + Text.AGAIN.in(zh) + "</a></p>\n");
    }

    private static void paragraph(StringBuilder body, String text) {
        body.append("<p>").append(escape(text)).append("</p>\n");
    }

    private static String shell(String word) {
        return word.matches("[A-Za-z0-9._@-]+") ? word : "'" + word.replace("'", "'\\''") + "'";
    }

    private static void answer(Exchange exchange, int status, Text title, String body) {
        boolean zh = chinese(exchange);
        String page = """
                <!DOCTYPE html>
                <html lang="%s"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
                <title>%s</title><style>
                body{font:16px/1.5 system-ui,sans-serif;max-width:36rem;margin:4rem auto;padding:0 1rem}
                pre{background:#f2f2f2;color:#111;padding:.6rem;overflow-wrap:anywhere;white-space:pre-wrap}
                .button{display:inline-block;padding:.5rem 1rem;border:1px solid;border-radius:.3rem;text-decoration:none}
                </style></head><body><h1>%s</h1>
                %s</body></html>
                """.formatted(zh ? "zh-CN" : "en", title.in(zh), title.in(zh), body);
        exchange.set("Content-Security-Policy", POLICY)
                .set("Referrer-Policy", "no-referrer")
                .set("X-Content-Type-Options", "nosniff")
                .set("X-Frame-Options", "DENY")
                .set("Vary", "Accept-Language")
                .set("Cache-Control", "no-store");
        exchange.answer(status, "text/html; charset=utf-8", page.getBytes(StandardCharsets.UTF_8));
    }

    private static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;")
                .replace("'", "&#39;");
    }
}
