import Glibc

/// What the system knows about a file.
package struct FileStatus: Sendable {
  /// Its length in bytes.
  package let size: Int64
  /// Whether it is a file on a disk, not a device or a pipe.
  package let isRegular: Bool
  package let isPipe: Bool
  /// How many names it has.
  package let linkCount: UInt
  /// When it was last changed, in nanoseconds since 1970.
  package let changed: Int64
  /// Its permissions.
  let mode: mode_t
  let owner: uid_t
  let group: gid_t
  private let device: UInt64
  /// Which file it is, on its device.
  package let inode: UInt64

  private init(_ status: stat) {
    size = Int64(status.st_size)
    isRegular = status.st_mode & S_IFMT == S_IFREG
    isPipe = status.st_mode & S_IFMT == S_IFIFO
    linkCount = UInt(status.st_nlink)
    changed = Int64(status.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_mtim.tv_nsec)
    mode = status.st_mode & 0o7777
    owner = status.st_uid
    group = status.st_gid
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
  }

  /// What the system knows about a name; nil when there is no such file. One that cannot be looked at is an error.
  package init?(path: String) throws(SystemFailure) {
    var status = stat()
    while unsafe stat(path, &status) != 0 {
      if errno == ENOENT || errno == ENOTDIR { return nil }
      if errno != EINTR { throw .last }
    }
    self.init(status)
  }

  init?(descriptor: Int32) {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { return nil }
    self.init(status)
  }

  package func isSameFile(as other: FileStatus) -> Bool { device == other.device && inode == other.inode }
}
