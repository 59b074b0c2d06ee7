"""The registries that Berth is measured against, and nginx, the floor of serving files."""

import json
import os
from pathlib import Path

from bench import tools
from bench.servers import PASSWORD, TLS, WITH_BASIC, Server, Site


class Distribution(Server):
    """The reference registry: `registry:2` as Debian packages it, and its version 3. Filesystem, no cache, no access log."""

    seeds_on_disk = True

    def __init__(self, name: str, title: str, binary: str | None, remedy: str):
        self.name, self.title, self.binary, self.remedy = name, title, binary, remedy

    def absent(self) -> str | None:
        return None if self.binary else self.remedy

    def version(self) -> str:
        return tools.first_line(self.binary, "--version").split()[-1].removeprefix("v").removesuffix("+unknown")

    def command(self, site: Site) -> tuple[list[str], dict[str, str]]:
        http = {"addr": f"127.0.0.1:{site.port}", "secret": PASSWORD}
        if site.variant == TLS:
            http["tls"] = {"certificate": str(site.certificate), "key": str(site.key)}
        config = {"version": 0.1, "log": {"level": "error", "accesslog": {"disabled": True}},
                  "storage": {"filesystem": {"rootdirectory": str(site.data)}, "delete": {"enabled": True}}, "http": http}
        if site.variant == WITH_BASIC:
            config["auth"] = {"htpasswd": {"realm": "bench", "path": str(site.passwords)}}
        # JSON is YAML; version 3 would otherwise send traces to a collector that is not there
        return [self.binary, "serve", _written(site, "config.yml", json.dumps(config))], {"OTEL_TRACES_EXPORTER": "none"}


class Zot(Server):
    """zot with deduplication and fsync (`commit`) on and garbage collection off."""

    name = "zot"
    title = "zot"
    seeds_on_disk = True

    def __init__(self, binary: str | None):
        self.binary = binary

    def absent(self) -> str | None:
        return None if self.binary else "no zot binary on the PATH and none given by --zot"

    def version(self) -> str:
        line = tools.first_line(self.binary, "--version")
        try:
            about = json.loads(line)
            return about.get("release-tag") or about.get("commit") or "(the binary names no version)"
        except ValueError:
            return line

    def command(self, site: Site) -> tuple[list[str], dict[str, str]]:
        # by default zot gives a request and its answer a minute each, which a gigabyte may exceed on a busy machine
        http = {"address": "127.0.0.1", "port": str(site.port), "readTimeout": "15m",
                "writeTimeout": "15m"}
        if site.variant == TLS:
            http["tls"] = {"cert": str(site.certificate), "key": str(site.key)}
        if site.variant == WITH_BASIC:
            http["auth"] = {"htpasswd": {"path": str(site.passwords)}}
        config = {"distSpecVersion": "1.1.1", "http": http, "log": {"level": "error"},
                  "storage": {"rootDirectory": str(site.data), "dedupe": True, "commit": True, "gc": False}}
        return [self.binary, "serve", _written(site, "config.json", json.dumps(config))], {}


class Nginx(Server):
    name = "nginx"
    title = "nginx"
    registry = False
    ready_path = "/"

    def absent(self) -> str | None:
        return None if tools.which("nginx") else "nginx is not installed"

    def version(self) -> str:
        return tools.first_line(tools.which("nginx"), "-v").rpartition("/")[2]

    def authorization(self, variant: str, writing: bool) -> str | None:
        return None

    def command(self, site: Site) -> tuple[list[str], dict[str, str]]:
        listen = f"listen 127.0.0.1:{site.port}" + (" ssl http2" if site.variant == TLS else "")
        temporary = "".join(f"{kind}_temp_path {site.scratch}/{kind};\n" for kind in
                            ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        config = f"""{"user root;" if os.geteuid() == 0 else ""}
daemon off;
pid {site.scratch}/pid;
error_log {site.scratch}/error.log;
worker_processes auto;
events {{ worker_connections 1024; }}
http {{
{temporary}access_log off;
sendfile on;
tcp_nopush on;
keepalive_requests 1000000000;
server {{
{listen};
ssl_certificate {site.certificate};
ssl_certificate_key {site.key};
ssl_protocols TLSv1.2 TLSv1.3;
default_type application/octet-stream;
location = / {{ return 200; }}
location / {{ root {site.data}; }}
}}
}}
"""
        return [tools.which("nginx"), "-c", _written(site, "nginx.conf", config)], {}


def _written(site: Site, name: str, text: str) -> str:
    path: Path = site.scratch / name
    path.write_text(text)
    return str(path)


def all_peers(zot: str | None) -> list[Server]:
    return [
        Distribution("docker-registry", "docker-registry", tools.which("docker-registry"), "docker-registry is not installed"),
        Distribution("distribution", "distribution", tools.distribution(),
                     "it is not installed and Go, which would install it, was not found"),
        Zot(zot or tools.which("zot")),
        Nginx(),
    ]
