// SPDX-License-Identifier: Apache-2.0

import Glibc

/// What the system knows about the file system that a path is on.
package struct FileSystem: Hashable, Sendable {
  /// Its kind, such as `ext4`.
  package let kind: String
  /// Whether it is on another machine.
  package let isRemote: Bool
  /// Whether it is gone when the machine restarts.
  package let isVolatile: Bool
  /// How many bytes we may still write.
  package let available: Int64
  /// How many it has.
  package let size: Int64
  /// How many files may still be made; nil where there is no such limit.
  package let availableFiles: UInt64?

  /// Looks at the one that a directory or file is on.
  package init(of path: String) throws(SystemFailure) {
    var found = statvfs()
    while unsafe statvfs(path, &found) != 0 {
      if errno != EINTR { throw .last }
    }
    kind = try FileStatus(path: path).flatMap { Self.kind(ofDevice: $0.device) } ?? "a file system of unknown kind"
    isRemote = ["nfs", "nfs4", "cifs", "smb3", "ceph", "9p"].contains(kind)
    isVolatile = ["tmpfs", "ramfs"].contains(kind)
    let block = UInt64(max(1, found.f_frsize))
    available = Int64(clamping: UInt64(found.f_bavail).multipliedReportingOverflow(by: block).partialValue)
    size = Int64(clamping: UInt64(found.f_blocks).multipliedReportingOverflow(by: block).partialValue)
    availableFiles = found.f_files == 0 ? nil : UInt64(found.f_ffree)
  }

  /// The kind of the file system that a device has; nil where the system does not tell. Source: Linux, proc(5),
  /// `/proc/PID/mountinfo`.
  private static func kind(ofDevice device: UInt64) -> String? {
    guard let text = try? SmallFile.read("/proc/self/mountinfo", atMost: 1 << 20) else { return nil }
    let major = device >> 8 & 0xFFF | device >> 32 & ~0xFFF
    let minor = device & 0xFF | device >> 12 & ~0xFF
    for line in text.split(separator: "\n") {
      // `36 35 98:0 /root /mnt rw,noatime shared:1 - ext4 /dev/sda rw`
      let words = line.split(separator: " ")
      guard words.count > 3, words[2] == "\(major):\(minor)", let mark = words.firstIndex(of: "-"),
        mark + 1 < words.count
      else { continue }
      return String(words[mark + 1])
    }
    return nil
  }
}

/// A directory that files are to be made in.
package enum Directory {
  /// The directory of a path.
  package static func of(_ path: String) -> String {
    path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
  }

  /// Makes one, with those that it lies in, unless it is there.
  package static func make(_ path: String) throws(SystemFailure) {
    if unsafe mkdir(path, 0o777) == 0 || errno == EEXIST { return }
    let (failure, outer) = (SystemFailure.last, of(path))
    guard failure.number == ENOENT, outer != path, outer != "." else { throw failure }
    try make(outer)
    guard unsafe mkdir(path, 0o777) == 0 || errno == EEXIST else { throw .last }
  }

  /// Whether files can be made in it, as far as permissions tell.
  package static func check(_ path: String) throws(SystemFailure) {
    guard unsafe access(path, W_OK | X_OK) == 0 else { throw .last }
    // A name that ends in a blank component is a directory, or nothing.
    guard unsafe access("\(path)/.", F_OK) == 0 else { throw .last }
  }
}

/// Who has locked a file.
package enum FileLocks {
  /// The process that has locked it for itself; nil where the system does not tell. Source: Linux, /proc/locks.
  package static func holder(of status: FileStatus) -> Int32? {
    guard let text = try? SmallFile.read("/proc/locks", atMost: 1 << 20) else { return nil }
    for line in text.split(separator: "\n") {
      // `1: FLOCK  ADVISORY  WRITE 4711 08:01:131073 0 EOF`
      let words = line.split(separator: " ")
      guard words.count >= 6, words[1] == "FLOCK", words[5].split(separator: ":").last == "\(status.inode)" else {
        continue
      }
      return Int32(words[4])
    }
    return nil
  }
}
