import Glibc

/// Small files that are replaced whole, so that a crash leaves either the old or the new text.
package enum AtomicFile {
  /// Writes a new file beside the old one, makes it durable, and renames it over the old one. The old one's permissions and
  /// owner stay, and so does a symbolic link that leads to it and is to be followed.
  ///
  /// - Parameter isWanted: asked just before the renaming, for a file that another process may have replaced meanwhile: false
  ///   leaves the old one.
  package static func write(
    _ text: String, to path: String, _ kind: OwnFile = .record, isWanted: () throws(SystemFailure) -> Bool = { true }
  ) throws(SystemFailure) {
    let bytes = Array(text.utf8)
    try write(to: path, kind, isWanted: isWanted) { (file) throws(SystemFailure) in try file.write(bytes) }
  }

  /// The same with bytes.
  package static func write(_ bytes: [UInt8], to path: String, _ kind: OwnFile = .record) throws(SystemFailure) {
    try write(to: path, kind) { (file) throws(SystemFailure) in try file.write(bytes) }
  }

  /// The same with what `body` writes, piece by piece.
  package static func write(
    to path: String, _ kind: OwnFile, isWanted: () throws(SystemFailure) -> Bool = { true },
    _ body: (borrowing OpenFile) throws(SystemFailure) -> Void
  ) throws(SystemFailure) {
    let target = try kind.followed(path)
    let old = try FileStatus(path: target, followingLinks: false)
    if let old { try kind.check(old) }
    let temporary = temporaryName(beside: target)
    do throws(SystemFailure) {
      let file = try OpenFile(creating: temporary)
      try body(file)
      if let old { try file.adopt(old) }
      try file.synchronize()
      if try isWanted() {
        try move(temporary, to: target)
      } else {
        _ = unsafe unlink(temporary)
      }
    } catch {
      // One that somebody else has put there stays.
      if error.number != EEXIST { _ = unsafe unlink(temporary) }
      throw error
    }
  }

  /// Renames a file and makes the new name durable.
  package static func move(_ path: String, to other: String) throws(SystemFailure) {
    guard unsafe rename(path, other) == 0 else { throw .last }
    try OpenFile.synchronizeDirectory(of: other)
  }

  /// A hidden name that nobody can foresee.
  private static func temporaryName(beside path: String) -> String {
    let slash = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
    return "\(path[..<slash]).\(path[slash...]).\(String(UInt64.random(in: .min ... .max), radix: 36))"
  }
}
