import Files
import Synchronization

/// Dead letters in a file, a line of JSON each. Several processes may use it at once.
public final class DeadLetterFile: DeadLetterStore {
  private let path: String
  private let known = Mutex<KnownKeys?>(nil)

  /// Keys that a file has letters of. Letters go only when the file is replaced, so this holds as long as the path
  /// leads to that very file; it stays open, so that no other can look like it.
  private final class KnownKeys: Sendable {
    let file: OpenFile
    let keys: Set<String>

    init(_ file: consuming OpenFile, _ keys: Set<String>) {
      self.file = file
      self.keys = keys
    }
  }

  /// Uses a file, which is made with mode 0600 when there is a first letter.
  public init(path: String) {
    self.path = path
  }

  /// Appends lines and makes them durable.
  public func append(_ letters: [DeadLetter]) throws(SinkError) {
    try withFile { (file) throws(SystemFailure) in try Self.append(letters, to: file) }
  }

  /// Looks and appends under one lock.
  public func appendBehindKey(_ letter: DeadLetter) throws(SinkError) -> Bool {
    var isParked = false
    try withFile { (file) throws(SystemFailure) in
      isParked = try isKnown(letter.key, in: file)
      if isParked { try Self.append([letter], to: file) }
    }
    return isParked
  }

  /// Whether a file has letters of a key; it is read only when that is not known already.
  private func isKnown(_ key: String, in file: borrowing OpenFile) throws(SystemFailure) -> Bool {
    if let known = known.withLock(\.self), known.keys.contains(key),
      try known.file.status().isSameFile(as: file.status())
    {
      return true
    }
    let found = KnownKeys(try OpenFile(reading: path), Set(try Self.letters(in: file).map(\.key)))
    known.withLock { $0 = found }
    return found.keys.contains(key)
  }

  /// Reads the file; a line that is no letter is an error, for it may be one.
  public func letters() throws(SinkError) -> [DeadLetter] {
    guard FileStatus(path: path) != nil else { return [] }
    var letters: [DeadLetter] = []
    var isReadable = true
    try withFile { (file) throws(SystemFailure) in
      letters = try Self.letters(in: file)
      isReadable = try letters.count == Self.lines(of: file).count
    }
    guard isReadable else { throw SinkError(.misconfigured, "\(path) has lines that are no dead letters") }
    return letters
  }

  /// Writes the file anew without some letters.
  public func remove(_ gone: [DeadLetter]) throws(SinkError) {
    guard FileStatus(path: path) != nil else { return }
    try withFile { (file) throws(SystemFailure) in
      let left = try Self.lines(of: file).filter { line in
        guard let letter = DeadLetter(json: line) else { return true }
        return !gone.contains { $0.isAbout(letter) }
      }
      let text = left.map { String(decoding: $0, as: UTF8.self) + "\n" }.joined()
      try AtomicFile.write(text, to: self.path)
    }
  }

  /// Opens the file under its lock. Whoever waited for the lock may find that the file has been replaced meanwhile.
  private func withFile(_ body: (borrowing OpenFile) throws(SystemFailure) -> Void) throws(SinkError) {
    do throws(SystemFailure) {
      while true {
        let file = try OpenFile(appendingTo: path)
        try file.waitForLock()
        guard let named = FileStatus(path: path), try file.status().isSameFile(as: named) else { continue }
        return try body(file)
      }
    } catch {
      throw SinkError(writing: path, error)
    }
  }

  private static func append(_ letters: [DeadLetter], to file: borrowing OpenFile) throws(SystemFailure) {
    // A crash may have left half a line.
    let whole = try file.repairTornTail()
    let bytes = Array(letters.map { $0.json + "\n" }.joined().utf8)
    do {
      try file.write(bytes, 0..<bytes.count)
    } catch {
      try? file.truncate(to: whole)
      throw error
    }
    try file.synchronize()
  }

  private static func lines(of file: borrowing OpenFile) throws(SystemFailure) -> [[UInt8]] {
    let bytes = try file.read(0..<file.status().size)
    let end = bytes.lastIndex(of: UInt8(ascii: "\n")) ?? bytes.startIndex
    return bytes[..<end].split(separator: UInt8(ascii: "\n")).map(Array.init)
  }

  private static func letters(in file: borrowing OpenFile) throws(SystemFailure) -> [DeadLetter] {
    try lines(of: file).compactMap { DeadLetter(json: $0) }
  }
}
