#!/usr/bin/python3
"""A file system that gives what a network file system gives and no more: bare_fs.py SOURCE MOUNTPOINT COUNTS.

A pass-through over FUSE, of Debian's python3-fusepy. There are no links, no direct I/O, no preallocation, no shared mapping that can
be written (`direct_io`), no extended attributes; what is removed while it is open gets another name, as NFS has it. How often links
and direct I/O were asked for, and how often a file was synced, is written to the file COUNTS.
"""

import collections
import errno
import json
import os
import pathlib
import sys

import fusepy


class Bare(fusepy.Operations):
    def __init__(self, source: str, counts: pathlib.Path):
        self.source = source
        self.counts_file = counts
        self.counts = collections.Counter()

    def _at(self, path: str) -> str:
        return self.source + path

    def _count(self, what: str) -> None:
        self.counts[what] += 1
        self.counts_file.write_text(json.dumps(self.counts))

    def _refuse(self, what: str, number: int):
        self._count(what)
        raise fusepy.FuseOSError(number)

    def link(self, target, source):
        self._refuse("link", errno.EOPNOTSUPP)

    def symlink(self, target, source):
        self._refuse("symlink", errno.EOPNOTSUPP)

    def open(self, path, flags):
        if flags & os.O_DIRECT:
            self._refuse("direct", errno.EINVAL)
        return os.open(self._at(path), flags)

    def create(self, path, mode, fi=None):
        return os.open(self._at(path), os.O_RDWR | os.O_CREAT | os.O_EXCL, mode)

    def read(self, path, size, offset, fh):
        return os.pread(fh, size, offset)

    def write(self, path, data, offset, fh):
        return os.pwrite(fh, data, offset)

    def fsync(self, path, datasync, fh):
        os.fsync(fh)
        self._count("fsync")

    def fsyncdir(self, path, datasync, fh):
        folder = os.open(self._at(path), os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def release(self, path, fh):
        os.close(fh)

    def truncate(self, path, length, fh=None):
        os.truncate(self._at(path), length)

    def getattr(self, path, fh=None):
        stat = os.lstat(self._at(path))
        names = ("st_atime", "st_ctime", "st_gid", "st_ino", "st_mode", "st_mtime", "st_nlink", "st_size", "st_uid", "st_blocks")
        return {name: getattr(stat, name) for name in names}

    def readdir(self, path, fh):
        return [".", "..", *os.listdir(self._at(path))]

    def statfs(self, path):
        stat = os.statvfs(self._at(path))
        return {name: getattr(stat, name) for name in ("f_bavail", "f_bfree", "f_blocks", "f_bsize", "f_files", "f_ffree", "f_frsize", "f_namemax")}

    def rename(self, old, new):
        os.rename(self._at(old), self._at(new))

    def unlink(self, path):
        os.unlink(self._at(path))

    def mkdir(self, path, mode):
        os.mkdir(self._at(path), mode)

    def rmdir(self, path):
        os.rmdir(self._at(path))

    def chmod(self, path, mode):
        os.chmod(self._at(path), mode)

    def chown(self, path, uid, gid):
        os.chown(self._at(path), uid, gid)

    def utimens(self, path, times=None):
        os.utime(self._at(path), times)

    def access(self, path, mode):
        if not os.access(self._at(path), mode):
            raise fusepy.FuseOSError(errno.EACCES)


if __name__ == "__main__":
    fusepy.FUSE(Bare(sys.argv[1], pathlib.Path(sys.argv[3])), sys.argv[2], foreground=True, direct_io=True, big_writes=True)
