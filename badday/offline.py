"""What lies in a data directory whose server does not run."""

import pathlib
import shutil
import sqlite3
import subprocess
import tempfile

from badday.place import Failed, require
from badday.server import ROOT, environment


class Database:
    """A copy of the database, so that looking at it changes nothing."""

    def __init__(self, data: pathlib.Path):
        self.folder = tempfile.TemporaryDirectory(prefix="badday-db-")
        for file in data.glob("berth.db*"):
            if not file.name.endswith("-shm"):
                shutil.copy(file, self.folder.name)
        self.connection = sqlite3.connect(pathlib.Path(self.folder.name) / "berth.db")

    def __enter__(self) -> "Database":
        return self

    def __exit__(self, *_) -> None:
        self.connection.close()
        self.folder.cleanup()

    def rows(self, sql: str) -> list[tuple]:
        return self.connection.execute(sql).fetchall()


# What may lie in a data directory beside the blobs.
DATABASE_FILES = {"berth.db", "berth.db-wal", "berth.db-shm", "start-reserve"}
OWN_FILES = DATABASE_FILES | {"berth.lock", "admin-password", "admin.sock", "master-key"}


def generation(number: int) -> str:
    return f"{number & (1 << 64) - 1:016x}"


def check(data: pathlib.Path, blobs_elsewhere: pathlib.Path | None = None) -> None:
    """No file that the database does not know, no blob without its file, and a database that is whole."""
    strange = {file.name for file in data.iterdir()} - OWN_FILES - {"blobs"}
    require(not strange, f"files in the data directory that are not Berth's: {sorted(strange)}")
    with Database(data) as database:
        require(database.rows("PRAGMA integrity_check") == [("ok",)], "the database is damaged")
        require(not database.rows("PRAGMA foreign_key_check"), "the database has dangling references")
        uploads = {f"{id}.{generation(number)}" for id, number in database.rows("SELECT id, generation FROM upload")}
        blobs = {
            f"{name.replace(':', '/' + name.split(':')[1][:2] + '/')}.{generation(number)}": size
            for name, number, size in database.rows("SELECT digest, generation, size FROM blob WHERE store = 'file'")
        }
        doomed = {
            f"{name.replace(':', '/' + name.split(':')[1][:2] + '/')}.{generation(number)}"
            for name, number in database.rows("SELECT digest, generation FROM doomed_object WHERE store = 'file'")
        }
        inline = database.rows("""
            SELECT b.digest FROM blob b LEFT JOIN blob_content c ON c.digest = b.digest AND c.generation = b.generation
            WHERE b.store = 'inline' AND c.digest IS NULL""")
    require(not inline, f"small blobs without content: {inline}")
    root = blobs_elsewhere or data / "blobs"
    files = {str(file.relative_to(root)): file for file in root.rglob("*") if file.is_file() and file != root / "berth.lock"}
    left = {name for name in files if name.startswith("uploads/")} - {f"uploads/{name}" for name in uploads}
    require(not left, f"files of uploads that the database does not know: {sorted(left)}")
    objects = {name for name in files if not name.startswith("uploads/")}
    require(objects <= blobs.keys() | doomed, f"objects that no blob names: {sorted(objects - blobs.keys() - doomed)}")
    require(blobs.keys() <= objects, f"blobs without their object: {sorted(blobs.keys() - objects)}")
    for name, size in blobs.items():
        require(files[name].stat().st_size == size, f"{name} has {files[name].stat().st_size} of {size} bytes")


def fsck(data: pathlib.Path) -> None:
    """Berth's own check."""
    done = subprocess.run(
        [ROOT / "berth", "fsck", "--data", data], capture_output=True, text=True, timeout=600, env=environment({})
    )
    if done.returncode != 0:
        raise Failed(f"fsck: {done.stdout} {done.stderr}")
