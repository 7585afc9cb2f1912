import Glibc

/// Small files that are replaced whole, so that a crash leaves either the old or the new text.
package enum AtomicFile {
  /// Writes a new file beside the old one, makes it durable, and renames it over the old one.
  package static func write(_ text: String, to path: String) throws(SystemFailure) {
    try write(Array(text.utf8), to: path)
  }

  /// The same with bytes.
  package static func write(_ bytes: [UInt8], to path: String) throws(SystemFailure) {
    let temporary = path + ".new"
    do {
      let file = try OpenFile(replacing: temporary)
      try file.write(bytes)
      try file.synchronize()
    }
    try move(temporary, to: path)
  }

  /// Renames a file and makes the new name durable.
  package static func move(_ path: String, to other: String) throws(SystemFailure) {
    guard unsafe rename(path, other) == 0 else { throw .last }
    try OpenFile.synchronizeDirectory(of: other)
  }
}
