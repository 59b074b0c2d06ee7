"""What was measured on, in general terms: no names of hosts, users or folders."""

import os
import platform
import re
from datetime import UTC, datetime
from pathlib import Path


def describe(work: Path) -> dict[str, str]:
    cpu = Path("/proc/cpuinfo").read_text()
    model = re.search(r"^model name\s*: (.*)$", cpu, re.MULTILINE)
    memory = int(re.search(r"^MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text(), re.MULTILINE)[1]) / (1 << 20)
    virtual = ", a virtual machine" if re.search(r"^flags.*\bhypervisor\b", cpu, re.MULTILINE) else ""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "CPU": f"{model[1] if model else platform.machine()}, {os.cpu_count()} cores{virtual}",
        "memory": f"{memory:.0f} GiB",
        "system": f"{_distribution()}, Linux {platform.release().split('-')[0]}, data on {_file_system(work)}",
        "load before": f"{os.getloadavg()[0]:.1f}",
    }


def _distribution() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return "unknown distribution"


def _file_system(path: Path) -> str:
    """The type of the longest mount point above the path."""
    mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    above = [(len(mount[1]), mount[2]) for mount in mounts if path.resolve().is_relative_to(mount[1].replace("\\040", " "))]
    return max(above, default=(0, "unknown file system"))[1]
