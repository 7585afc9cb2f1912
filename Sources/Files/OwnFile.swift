// SPDX-License-Identifier: Apache-2.0

import Glibc

/// What a file of our own is. Its directory may be one in which other users of the machine can put names too: none of them may
/// make us read, fill, replace or wait for what is theirs, or what they point at.
package enum OwnFile: Sendable {
  /// A record that only we know of: a regular file, no symbolic link.
  case record
  /// A regular file that the operator names. A symbolic link is followed when we or root made it.
  case named
  /// The same, but a pipe or a device is right too.
  case output

  /// Refuses what is not for us to use.
  func check(_ status: FileStatus) throws(SystemFailure) {
    if status.isLink { throw .link }
    if !status.isRegular {
      guard self == .output else { throw .noRegularFile }
      guard status.isPipe else { return }
    }
    guard status.isOwnerTrusted else { throw .owned(by: status.owner) }
    if status.isRegular, status.isWritableByOthers { throw .writableByOthers }
  }

  /// Opens a file without following what is not to be followed, without waiting, and without emptying it.
  func open(_ path: String, _ flags: Int32) throws(SystemFailure) -> OpenFile {
    var (path, flags) = (path, flags | O_NOFOLLOW | O_NONBLOCK)
    for _ in 0..<Self.mostLinks {
      do throws(SystemFailure) {
        let file = try OpenFile(path, flags)
        try check(file.status())
        if self == .output, try file.status().isPipe {
          // With an end to read we would be our own reader, and miss that there is no other, or that it goes.
          _ = consume file
          return try openPipe(path, flags)
        }
        file.waitWhenItWrites()
        return file
      } catch {
        guard error.number == ELOOP, self != .record else { throw error.number == ELOOP ? .link : error }
      }
      guard let target = try Self.target(of: path) else {
        flags &= ~O_NOFOLLOW
        continue
      }
      path = target
    }
    throw SystemFailure(number: ELOOP)
  }

  /// Opens a pipe to write into it; an error where nobody reads it.
  private func openPipe(_ path: String, _ flags: Int32) throws(SystemFailure) -> OpenFile {
    let file = try OpenFile(path, flags & ~(O_RDWR | O_CREAT) | O_WRONLY)
    try check(file.status())
    file.waitWhenItWrites()
    return file
  }

  /// Where a path leads behind the symbolic links that are to be followed.
  package func followed(_ path: String) throws(SystemFailure) -> String {
    var path = path
    for _ in 0..<Self.mostLinks {
      guard self != .record, try FileStatus(path: path, followingLinks: false)?.isLink ?? false,
        let target = try Self.target(of: path)
      else { return path }
      path = target
    }
    throw SystemFailure(number: ELOOP)
  }

  /// Makes a file's name survive a crash of the machine, where it lies behind the links that are to be followed. A link of
  /// `/proc` leads to what is open already, perhaps without a name, or in a directory of somebody else's.
  package func synchronizeName(of path: String) throws(SystemFailure) {
    let path = try followed(path)
    guard try FileStatus(path: path, followingLinks: false)?.isLink ?? false else {
      return try OpenFile.synchronizeDirectory(of: path)
    }
    let target = try OpenFile(path, Self.pathOnly | O_NOFOLLOW).linkTarget()
    guard target.hasPrefix("/"), let opened = try FileStatus(path: path) else { return }
    do throws(SystemFailure) {
      guard try FileStatus(path: target)?.isSameFile(as: opened) ?? false else { return }
      try OpenFile.synchronizeDirectory(of: target)
    } catch {
      guard error.number == EACCES else { throw error }
    }
  }

  private static let mostLinks = 8

  /// The name itself, not what it leads to. Source: Linux, `O_PATH`, which the C library's module does not show.
  private static let pathOnly: Int32 = 0o10_000_000

  /// What a symbolic link says, read from the very link whose owner was looked at; nil for those of `/proc`, which lead to
  /// what is open already.
  private static func target(of path: String) throws(SystemFailure) -> String? {
    let link = try OpenFile(path, Self.pathOnly | O_NOFOLLOW)
    let status = try link.status()
    // It has just been replaced.
    guard status.isLink else { return path }
    guard status.isOwnerTrusted else { throw .linked(by: status.owner) }
    if let system = try FileStatus(path: "/proc"), status.isBeside(system) { return nil }
    let target = try link.linkTarget()
    if target.hasPrefix("/") { return target }
    guard let slash = path.lastIndex(of: "/") else { return target }
    return "\(path[...slash])\(target)"
  }
}

extension SystemFailure {
  fileprivate static let link = SystemFailure(
    number: ELOOP, words: "it is a symbolic link, which this file must not be",
    remedy: "name the file itself, or another one")
  fileprivate static let noRegularFile = SystemFailure(
    number: EINVAL, words: "it is no regular file", remedy: "name another file")
  fileprivate static let writableByOthers = SystemFailure(
    number: EPERM, words: "others may write to it, and its content is to be ours alone",
    remedy: "look whether it is still what it was, and take that right from them (chmod go-w), or name another file")

  fileprivate static func owned(by user: uid_t) -> SystemFailure {
    SystemFailure(
      number: EPERM, words: "it belongs to user \(user), not to user \(geteuid()) who runs this",
      remedy: """
        run this as that user, or for a file of a service as the service does (tailrace-as NAME); or name another file
        """)
  }

  fileprivate static func linked(by user: uid_t) -> SystemFailure {
    SystemFailure(
      number: EPERM, words: "it is a symbolic link of user \(user), not of user \(geteuid()) who runs this",
      remedy: "name the file itself, or run this as that user")
  }
}
