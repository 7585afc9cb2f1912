import Files
import IntegrationEvents
public import PostgresWire
import Synchronization

/// Dead letters in a file, a line of JSON each. Several processes may use it at once.
public final class DeadLetterFile: DeadLetterStore {
  private let path: String
  private let known = Mutex<KnownKeys?>(nil)
  private let isNameDurable = Atomic(false)

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
  public func append(_ letters: [DeadLetter]) throws(Failure) {
    try withFile { (file) throws(SystemFailure) in try Self.append(letters, to: file) }
  }

  /// Looks and appends under one lock.
  public func appendBehindKey(_ letter: DeadLetter) throws(Failure) -> Bool {
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
    var keys: Set<String> = []
    try Self.forEachLine(of: file, from: 0) { line, _ in
      if let letter = DeadLetter(json: line) { keys.insert(letter.key) }
      return true
    }
    let found = KnownKeys(try OpenFile.reading(path, .named), keys)
    known.withLock { $0 = found }
    return found.keys.contains(key)
  }

  /// Reads the file; a line that is no letter is an error, for it may be one. The mark is an offset, from which the next
  /// page begins.
  public func letters(
    matching query: LetterQuery, after mark: LetterMark?, limit: Int
  ) throws(Failure) -> LetterPage {
    var page = LetterPage(letters: [], next: nil)
    guard try isThere() else { return page }
    var isReadable = true
    try withFile { (file) throws(SystemFailure) in
      // A file that was replaced since has other offsets.
      let generation = try file.status().inode
      let start = mark.flatMap { $0.generation == generation ? $0.value : nil } ?? 0
      try Self.forEachLine(of: file, from: start) { line, end in
        guard let letter = DeadLetter(json: line) else {
          isReadable = false
          return false
        }
        if query.matches(letter) { page.letters.append(letter) }
        guard page.letters.count >= limit else { return true }
        page.next = LetterMark(end, generation: generation)
        return false
      }
    }
    guard isReadable else { throw Failure(.letters, "\(path) has lines that are no dead letters") }
    return page
  }

  /// Reads one file to its end, also when it is replaced meanwhile.
  public func forEachPage(
    matching query: LetterQuery, _ body: ([DeadLetter]) throws(Failure) -> Void
  ) throws(Failure) {
    guard try isThere() else { return }
    let file: OpenFile
    do { file = try OpenFile.reading(path, .named) } catch { throw Failure(opening: path, error) }
    var offset: Int64 = 0
    while true {
      var (letters, next, isReadable): ([DeadLetter], Int64?, Bool) = ([], nil, true)
      do throws(SystemFailure) {
        try Self.forEachLine(of: file, from: offset) { line, end in
          guard let letter = DeadLetter(json: line) else {
            isReadable = false
            return false
          }
          if query.matches(letter) { letters.append(letter) }
          if letters.count == Self.pageSize { next = end }
          return next == nil
        }
      } catch {
        throw Failure(opening: path, error)
      }
      guard isReadable else { throw Failure(.letters, "\(path) has lines that are no dead letters") }
      try body(letters)
      guard let next else { return }
      offset = next
    }
  }

  /// Writes the file anew without some letters.
  public func remove(_ gone: [DeadLetter]) throws(Failure) {
    guard try isThere() else { return }
    try withFile { (file) throws(SystemFailure) in
      let gone = Set(gone.map(Identity.init))
      var left: [UInt8] = []
      try Self.forEachLine(of: file, from: 0) { line, _ in
        // What cannot be read stays: it may be a letter.
        if DeadLetter(json: line).map({ gone.contains(Identity($0)) }) ?? false { return true }
        left.append(contentsOf: line)
        left.append(UInt8(ascii: "\n"))
        return true
      }
      try AtomicFile.write(left, to: self.path, .named)
    }
  }

  /// What makes a letter the same.
  private struct Identity: Hashable {
    let id: String
    let position: EventPosition

    init(_ letter: DeadLetter) {
      id = letter.id
      position = letter.position
    }
  }

  /// Opens the file under its lock. Whoever waited for the lock may find that the file has been replaced meanwhile.
  private func withFile(_ body: (borrowing OpenFile) throws(SystemFailure) -> Void) throws(Failure) {
    do throws(SystemFailure) {
      while true {
        let file = try OpenFile.appending(to: path, .named)
        // Its name may be new, or have been made by somebody who died before it was durable.
        if !isNameDurable.load(ordering: .acquiring) { try OpenFile.synchronizeDirectory(of: path) }
        isNameDurable.store(true, ordering: .releasing)
        try file.waitForLock()
        guard let named = try FileStatus(path: path), try file.status().isSameFile(as: named) else { continue }
        return try body(file)
      }
    } catch {
      guard error != .foreign else {
        throw Failure(
          .letters, "\(path) holds something else than dead letters", advice: "name another file for them")
      }
      throw Failure(writing: path, error)
    }
  }

  private static func append(_ letters: [DeadLetter], to file: borrowing OpenFile) throws(SystemFailure) {
    let whole = try endForAppending(file)
    let bytes = Array(letters.map { $0.json + "\n" }.joined().utf8)
    do {
      try file.write(bytes)
      try file.synchronize()
    } catch {
      try? file.truncate(to: whole)
      throw error
    }
  }

  /// Where a letter may be put: behind whole lines. A last letter without a newline gets one; half a line of ours, left by a
  /// crash, was never counted on and is cut off; anything else is another's and left alone.
  private static func endForAppending(_ file: borrowing OpenFile) throws(SystemFailure) -> Int64 {
    let size = try file.status().size
    guard size > 0 else { return 0 }
    let end = try file.wholeLength()
    let (first, rest) = (try firstLine(of: file), try file.read(end..<size))
    guard first.map({ DeadLetter(json: $0) != nil }) ?? true else { throw .foreign }
    if rest.isEmpty { return size }
    if DeadLetter(json: rest) != nil {
      try file.write([UInt8(ascii: "\n")])
      return size + 1
    }
    let beginning = Array(#"{"position":""#.utf8)
    guard rest.prefix(beginning.count).elementsEqual(beginning.prefix(rest.count)) else { throw .foreign }
    try file.truncate(to: end)
    return end
  }

  private static func firstLine(of file: borrowing OpenFile) throws(SystemFailure) -> [UInt8]? {
    var first: [UInt8]?
    try forEachLine(of: file, from: 0) { line, _ in
      first = line
      return false
    }
    return first
  }

  /// Calls `body` with each line from an offset on, without its newline, and where it ends; false ends the reading. A last
  /// line without a newline counts if it is a letter: an editor may have taken the newline away.
  private static func forEachLine(
    of file: borrowing OpenFile, from start: Int64, _ body: ([UInt8], Int64) -> Bool
  ) throws(SystemFailure) {
    let size = try file.status().size
    var (offset, rest): (Int64, [UInt8]) = (start, [])
    while offset < size {
      let end = min(size, offset + 262_144)
      let known = rest.count
      try file.append(offset..<end, to: &rest)
      var lineStart = 0
      while let newline = rest[max(lineStart, lineStart == 0 ? known : 0)...].firstIndex(of: UInt8(ascii: "\n")) {
        let lineEnd = offset - Int64(known) + Int64(newline) + 1
        // An empty line says nothing.
        if lineStart < newline, !body(Array(rest[lineStart..<newline]), lineEnd) { return }
        lineStart = newline + 1
      }
      rest.removeFirst(lineStart)
      offset = end
    }
    if DeadLetter(json: rest) != nil { _ = body(rest, size) }
  }

  private func isThere() throws(Failure) -> Bool {
    do { return try FileStatus(path: path) != nil } catch { throw Failure(opening: path, error) }
  }
}

extension SystemFailure {
  /// A file that holds something else than letters. The system has no number of its own for it.
  fileprivate static let foreign = SystemFailure(number: -1)
}
