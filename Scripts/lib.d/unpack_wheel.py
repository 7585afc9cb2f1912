"""Unpacks a wheel with the permission bits and symbolic links that it stores, which zipfile drops."""

import os
import stat
import sys
import zipfile

wheel, tree = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive:
    for entry in archive.infolist():
        mode = entry.external_attr >> 16
        if stat.S_ISLNK(mode):
            path = os.path.join(tree, entry.filename)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            os.symlink(archive.read(entry).decode(), path)
            continue
        path = archive.extract(entry, tree)
        if not entry.is_dir():
            os.chmod(path, 0o755 if mode & 0o111 or "/bin/" in entry.filename else 0o644)
