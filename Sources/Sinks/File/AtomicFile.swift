#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Small files that are replaced whole, so that a crash leaves either the old or the new text.
package enum AtomicFile {
  /// Writes a new file beside the old one, makes it durable, and renames it over the old one.
  package static func write(_ text: String, to path: String) throws(OutputFile.Failure) {
    let temporary = path + ".new"
    let bytes = Array(text.utf8)
    do {
      let file = try OutputFile(replacing: temporary)
      try file.write(bytes, 0..<bytes.count)
      try file.synchronize()
    }
    try move(temporary, to: path)
  }

  /// Renames a file and makes the new name durable.
  static func move(_ path: String, to other: String) throws(OutputFile.Failure) {
    guard unsafe rename(path, other) == 0 else { throw .last }
    try OutputFile.synchronizeDirectory(of: other)
  }

  /// The text of a file; nil when there is none.
  package static func read(_ path: String) throws(OutputFile.Failure) -> String? {
    guard let status = FileStatus(path: path) else { return nil }
    let file = try OutputFile(reading: path)
    return String(decoding: try file.read(0..<min(status.size, 65_536)), as: UTF8.self)
  }
}
