"""Finding, and where possible installing, the programs that the benchmark needs."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
DISTRIBUTION = "github.com/distribution/distribution/v3/cmd/registry@v3.1.2"
PACKAGES = {"docker-registry": "docker-registry", "nginx": "nginx-light", "wrk": "wrk", "htpasswd": "apache2-utils",
            "skopeo": "skopeo", "curl": "curl", "openssl": "openssl"}


def which(program: str) -> str | None:
    """Like the shell's, but also in the places that a user's PATH often lacks."""
    return shutil.which(program) or shutil.which(program, path="/usr/local/sbin:/usr/sbin:/sbin:/usr/local/go/bin")


def install_packages() -> None:
    """Installs what is missing where apt-get and the right to use it exist; whatever is still missing is told later."""
    missing = sorted({package for program, package in PACKAGES.items() if not which(program)})
    if not missing or os.geteuid() != 0 or not shutil.which("apt-get"):
        return
    print(f"installing {' '.join(missing)}", file=sys.stderr)
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    apt = ["apt-get", "-o", "DPkg::Lock::Timeout=600", "-qq"]
    subprocess.run([*apt, "update"], env=environment, stdout=subprocess.DEVNULL, check=False)
    subprocess.run([*apt, "install", "-y", "--no-install-recommends", *missing], env=environment,
                   stdout=subprocess.DEVNULL, check=False)


def distribution() -> str | None:
    """distribution 3, installed once by Go into the cache of clients; None where Go is absent too."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    clients = Path(os.environ.get("BERTH_CLIENTS_DIR") or Path(cache) / "berth" / "clients")
    binary = clients / f"registry@{DISTRIBUTION.rpartition('@')[2]}" / "registry"
    go = which("go")
    if not binary.exists() and go:
        print(f"installing {DISTRIBUTION}, which takes a minute or two", file=sys.stderr)
        binary.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run([go, "install", DISTRIBUTION], env=dict(os.environ, GOBIN=str(binary.parent)),
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return str(binary) if binary.exists() else None


def java_home() -> Path:
    """A JDK 25: JAVA_HOME, PATH, the usual places."""
    candidates = [Path(os.environ["JAVA_HOME"])] if os.environ.get("JAVA_HOME") else []
    if shutil.which("javac"):
        candidates.append(Path(os.path.realpath(shutil.which("javac"))).parents[1])
    for place in ("/usr/lib/jvm", "/opt", "/usr/java"):
        candidates.extend(sorted(path for path in Path(place).glob("*25*") if path.is_dir()))
    for home in candidates:
        if (home / "bin/javac").exists() and re.search(r'^JAVA_VERSION="25', _release(home), re.MULTILINE):
            return home
    raise SystemExit("bin/bench needs a JDK 25 for its load generator: set JAVA_HOME to one")


def _release(home: Path) -> str:
    try:
        return (home / "release").read_text()
    except OSError:
        return ""


def compile_load(target: Path) -> list[str]:
    """Compiles the load generator; returns the command that runs it."""
    home = java_home()
    target.mkdir(parents=True, exist_ok=True)
    subprocess.run([home / "bin/javac", "-d", target, *sorted((HERE / "load").glob("*.java"))], check=True)
    return [str(home / "bin/java"), "-Xms128m", "-Xmx128m", "-XX:+UseSerialGC", "-cp", str(target), "Load"]


def first_line(*command: str) -> str:
    """The first line that a command prints, for versions."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
        return next((line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip()), "")
    except (OSError, subprocess.TimeoutExpired):
        return ""
