// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Small files that are replaced whole, so that a crash leaves either the old or the new text.
///
/// Several processes may replace one file. Each writes a new one beside it, removes those of the others, decides, and renames:
/// whoever decided by what is not true any more has lost his new file by then, and decides again.
package enum AtomicFile {
  /// Writes a new file beside the old one, makes it durable, and renames it over the old one. The old one's permissions and
  /// owner stay, and so does a symbolic link that leads to it and is to be followed.
  ///
  /// - Parameters:
  ///   - isShared: whether other processes may be replacing it too, or have died while they did: their new files are removed. The
  ///     directory is listed for that.
  ///   - isWanted: asked just before the renaming, for a file that another process may have replaced meanwhile: false leaves the
  ///     old one.
  package static func write(
    _ text: String, to path: String, _ kind: OwnFile = .record, isShared: Bool = false,
    isWanted: () throws(SystemFailure) -> Bool = { true }
  ) throws(SystemFailure) {
    let bytes = Array(text.utf8)
    try write(to: path, kind, isShared: isShared, isWanted: isWanted) { (file) throws(SystemFailure) in
      try file.write(bytes)
    }
  }

  /// The same for a file that everybody may read: a new one gets that right.
  package static func publish(_ text: String, to path: String) throws(SystemFailure) {
    let bytes = Array(text.utf8)
    try write(to: path, .named) { (file) throws(SystemFailure) in
      try file.setMode(0o644)
      try file.write(bytes)
    }
  }

  /// The same with bytes.
  package static func write(_ bytes: [UInt8], to path: String, _ kind: OwnFile = .record) throws(SystemFailure) {
    try write(to: path, kind) { (file) throws(SystemFailure) in try file.write(bytes) }
  }

  /// The same with what `body` writes, piece by piece.
  package static func write(
    to path: String, _ kind: OwnFile, isShared: Bool = false, isWanted: () throws(SystemFailure) -> Bool = { true },
    _ body: (borrowing OpenFile) throws(SystemFailure) -> Void
  ) throws(SystemFailure) {
    let target = try kind.followed(path)
    for _ in 1..<mostAttempts {
      if try replace(target, kind, isShared, isWanted, body) { return }
    }
    throw .replaced
  }

  /// How often somebody else may come between.
  private static let mostAttempts = 100

  /// False when somebody else came between.
  private static func replace(
    _ target: String, _ kind: OwnFile, _ isShared: Bool, _ isWanted: () throws(SystemFailure) -> Bool,
    _ body: (borrowing OpenFile) throws(SystemFailure) -> Void
  ) throws(SystemFailure) -> Bool {
    let old = try FileStatus(path: target, followingLinks: false)
    if let old { try kind.check(old) }
    let temporary = TemporaryName(beside: target)
    do throws(SystemFailure) {
      let file = try OpenFile(creating: temporary.path)
      try body(file)
      if let old { try file.adopt(old) }
      try file.synchronize()
      if isShared { try temporary.removeOthers() }
      guard try isWanted() else {
        _ = unsafe unlink(temporary.path)
        return true
      }
    } catch {
      // One that somebody else has put there stays.
      if error.number != EEXIST { _ = unsafe unlink(temporary.path) }
      throw error
    }
    let renamed = try DiskWaits.during { () throws(SystemFailure) in
      unsafe rename(temporary.path, target) == 0 ? nil : SystemFailure.last
    }
    if let failure = renamed {
      if failure.number == ENOENT, try FileStatus(path: temporary.path, followingLinks: false) == nil { return false }
      _ = unsafe unlink(temporary.path)
      throw failure
    }
    try OpenFile.synchronizeDirectory(of: target)
    return true
  }

  /// Renames a file and makes the new name durable.
  package static func move(_ path: String, to other: String) throws(SystemFailure) {
    guard unsafe rename(path, other) == 0 else { throw .last }
    try OpenFile.synchronizeDirectory(of: other)
  }
}

/// A hidden name that nobody can foresee, and by which a file is known as one that was to replace another.
private struct TemporaryName {
  private let directory: String
  private let prefix: String
  private let name: String

  var path: String { directory + name }

  /// Digits and letters of the part that nobody can foresee.
  private static let length = 13

  init(beside path: String) {
    let slash = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
    directory = String(path[..<slash])
    prefix = ".\(path[slash...]).new-"
    let digits = String(UInt64.random(in: .min ... .max), radix: 36)
    name = prefix + String(repeating: "0", count: Self.length - digits.count) + digits
  }

  /// Removes the files of those who wanted to replace the same one, and died, or have not done so yet.
  func removeOthers() throws(SystemFailure) {
    for other in try OpenFile.names(inDirectory: directory.isEmpty ? "." : directory)
    where other != name && other.hasPrefix(prefix) && other.utf8.count == name.utf8.count {
      // Another user's is none of ours; one that is gone is gone.
      _ = unsafe unlink(directory + other)
    }
  }
}

extension SystemFailure {
  /// Others replace the file all the time.
  fileprivate static let replaced = SystemFailure(number: EBUSY, words: "others replace it all the time")
}
