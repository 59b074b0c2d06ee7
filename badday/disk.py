"""Small file systems on loop devices."""

import os
import pathlib
import shutil
import subprocess

from badday.server import NotHere


class LoopDisk:
    """An ext4 file system in a file, mounted on a folder."""

    def __init__(self, image: pathlib.Path, at: pathlib.Path, mebibytes: int | None):
        if os.geteuid() != 0 or not shutil.which("mkfs.ext4"):
            raise NotHere("mounting a file system needs root and mkfs.ext4")
        self.at = at
        at.mkdir()
        if mebibytes is not None:
            with open(image, "wb") as file:
                file.truncate(mebibytes << 20)
            subprocess.run(["mkfs.ext4", "-q", "-m", "0", image], check=True)
        mounted = subprocess.run(["mount", "-o", "loop", image, at], capture_output=True, text=True)
        if mounted.returncode != 0:
            raise NotHere(f"loop devices cannot be mounted here: {mounted.stderr.strip()}")

    def __enter__(self) -> pathlib.Path:
        return self.at

    def __exit__(self, *_) -> None:
        subprocess.run(["umount", "-l", self.at], check=False)
