// SPDX-License-Identifier: Apache-2.0

import Glibc

/// What the system knows about a file.
package struct FileStatus: Sendable {
  /// Its length in bytes.
  package let size: Int64
  /// Whether it is a file on a disk, not a device or a pipe.
  package let isRegular: Bool
  package let isPipe: Bool
  package let isDirectory: Bool
  let isLink: Bool
  /// How many names it has.
  package let linkCount: UInt
  /// When it was last changed, in nanoseconds since 1970.
  package let changed: Int64
  /// When anything about it was last changed, its permissions too, in nanoseconds since 1970; nobody can set that back.
  package let touched: Int64
  /// Its permissions.
  let mode: mode_t
  let owner: uid_t
  let group: gid_t
  let device: UInt64
  /// Which file it is, on its device.
  package let inode: UInt64

  private init(_ status: stat) {
    size = Int64(status.st_size)
    isRegular = status.st_mode & S_IFMT == S_IFREG
    isPipe = status.st_mode & S_IFMT == S_IFIFO
    isDirectory = status.st_mode & S_IFMT == S_IFDIR
    isLink = status.st_mode & S_IFMT == S_IFLNK
    linkCount = UInt(status.st_nlink)
    changed = Int64(status.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_mtim.tv_nsec)
    touched = Int64(status.st_ctim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_ctim.tv_nsec)
    mode = status.st_mode & 0o7777
    owner = status.st_uid
    group = status.st_gid
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
  }

  /// What the system knows about a name; nil when there is no such file. One that cannot be looked at is an error.
  package init?(path: String, followingLinks: Bool = true) throws(SystemFailure) {
    var status = stat()
    while unsafe fstatat(AT_FDCWD, path, &status, followingLinks ? 0 : AT_SYMLINK_NOFOLLOW) != 0 {
      if errno == ENOENT || errno == ENOTDIR { return nil }
      if errno != EINTR { throw .last }
    }
    self.init(status)
  }

  /// What the system knows about an open descriptor.
  init(descriptor: Int32) throws(SystemFailure) {
    var status = stat()
    while unsafe fstat(descriptor, &status) != 0 {
      if errno != EINTR { throw .last }
    }
    self.init(status)
  }

  /// Whether users may write to it that are neither its owner nor in a group of ours.
  package var isWritableByOthers: Bool { mode & 0o002 != 0 || mode & 0o020 != 0 && !isOfOurGroups }

  /// Whether users may read it that are neither its owner nor in a group of ours.
  package var isReadableByOthers: Bool { mode & 0o004 != 0 || mode & 0o040 != 0 && !isOfOurGroups }

  /// Whether it is ours, or root's, who can do as we do anyway.
  package var isOwnerTrusted: Bool { owner == geteuid() || owner == 0 }

  private var isOfOurGroups: Bool {
    if group == getegid() { return true }
    var groups = [gid_t](repeating: 0, count: Int(max(0, getgroups(0, nil))))
    let count = unsafe getgroups(Int32(groups.count), &groups)
    return groups.prefix(Int(max(0, count))).contains(group)
  }

  /// Whether it is on the same file system as another.
  func isBeside(_ other: FileStatus) -> Bool { device == other.device }

  /// Whether it is the file that another is, as it was then. What is no regular file is as it was while it is there.
  package func isUnchanged(since other: FileStatus) -> Bool {
    isSameFile(as: other)
      && (!isRegular || changed == other.changed && touched == other.touched && size == other.size)
  }

  package func isSameFile(as other: FileStatus) -> Bool { device == other.device && inode == other.inode }
}
