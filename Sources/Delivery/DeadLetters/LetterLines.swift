// SPDX-License-Identifier: Apache-2.0

import Files
import IntegrationEvents
import PostgresWire

/// What can go wrong with a file of dead letters.
enum LetterFileError: Error {
  /// The system refuses.
  case system(SystemFailure)
  /// It holds something else than letters.
  case foreign
  /// A line at an offset is no letter.
  case unreadable(Int64)
  /// A line at an offset is longer than any letter, or a letter would be.
  case tooLong(Int64)
  /// Another process has it for long.
  case held
  /// A stop was asked for while another process had the file.
  case stopped
}

/// The lines of a file of dead letters: one of JSON for each. One that begins with a blank in place of its brace has been
/// removed; an empty one says nothing.
enum LetterLines {
  static let removed = UInt8(ascii: " ")
  /// How each of ours begins; the position follows.
  static let beginning = Array(#"{"position":""#.utf8)
  /// How long a line may be, in bytes: an event that is kept whole has its key, its types and its id once more beside it, and
  /// where it stands in a string, signs are escaped.
  static let longest = 8 * DeadLetter.largestEvent

  /// Calls `body` with the lines from an offset on that are not removed: the bytes read, where the line lies in them, and its
  /// offset in the file. False ends the reading. Gives the end of what was read.
  ///
  /// A last line without a newline counts if it is a letter: an editor may have taken the newline away.
  @discardableResult
  static func forEach(
    in file: borrowing OpenFile, from start: Int64 = 0, longest: Int = longest,
    _ body: ([UInt8], Range<Int>, Int64) throws(LetterFileError) -> Bool
  ) throws(LetterFileError) -> Int64 {
    var (bytes, offset, read): ([UInt8], Int64, Int64) = ([], start, start)
    let size = try status(of: file).size
    while read < size {
      let end = min(size, read + 262_144)
      var search = bytes.count
      do throws(SystemFailure) { try file.append(read..<end, to: &bytes) } catch { throw .system(error) }
      read = end
      var line = 0
      while let newline = bytes[search...].firstIndex(of: UInt8(ascii: "\n")) {
        if line < newline, bytes[line] != removed, try !body(bytes, line..<newline, offset + Int64(line)) {
          return offset + Int64(newline) + 1
        }
        line = newline + 1
        search = line
      }
      bytes.removeFirst(line)
      offset += Int64(line)
      guard bytes.count <= longest else { throw .tooLong(offset) }
    }
    guard let first = bytes.first, first != removed, DeadLetter(json: bytes) != nil else { return offset }
    _ = try body(bytes, 0..<bytes.count, offset)
    return size
  }

  /// Where a line of ours says that its letter stands; nil for one that has to be read whole.
  static func position(_ bytes: [UInt8], _ line: Range<Int>) -> EventPosition? {
    let start = line.lowerBound + beginning.count
    let end = start + EventPosition.sequenceLength
    guard line.count > beginning.count + EventPosition.sequenceLength,
      bytes[line.lowerBound..<start].elementsEqual(beginning), bytes[end] == UInt8(ascii: "\"")
    else { return nil }
    return EventPosition(sequence: String(decoding: bytes[start..<end], as: UTF8.self))
  }

  /// Appends letters behind whole lines, durably; what cannot be written whole is taken back.
  static func append(
    _ letters: [DeadLetter], to file: borrowing OpenFile, onRepair: (Wording) -> Void
  ) throws(LetterFileError) {
    var end = try endForAppending(file, onRepair)
    let start = end
    do throws(LetterFileError) {
      for letter in letters {
        let line = Array("\(letter.json)\n".utf8)
        // What cannot be read again is not written.
        guard line.count <= longest else { throw .tooLong(end) }
        do throws(SystemFailure) { try file.write(line) } catch { throw .system(error) }
        end += Int64(line.count)
      }
      do throws(SystemFailure) { try file.synchronize() } catch { throw .system(error) }
    } catch {
      try? file.truncate(to: start)
      throw error
    }
  }

  /// How a file ends.
  private enum Tail {
    /// With a whole line, at this size.
    case whole(Int64)
    /// With a letter that lacks its newline.
    case bare(Int64)
    /// With half a line of ours behind this end, left by a crash.
    case half(Int64, size: Int64)
  }

  /// Looks whether letters may be put behind what is there. Changes nothing.
  static func inspect(_ file: borrowing OpenFile) throws(LetterFileError) { _ = try tail(of: file) }

  private static func tail(of file: borrowing OpenFile) throws(LetterFileError) -> Tail {
    let size = try status(of: file).size
    guard size > 0 else { return .whole(0) }
    let end: Int64
    do throws(SystemFailure) { end = try file.wholeLength() } catch { throw .system(error) }
    guard size - end <= Int64(longest) else { throw .tooLong(end) }
    do throws(SystemFailure) {
      let rest = try file.read(end..<size)
      guard try isOurs(file, whole: end) else { throw .foreign }
      if rest.isEmpty { return .whole(size) }
      if DeadLetter(json: rest) != nil || isRemoved(rest[...]) { return .bare(size) }
      guard rest.prefix(beginning.count).elementsEqual(beginning.prefix(rest.count)) else { throw .foreign }
      return .half(end, size: size)
    } catch {
      throw error == .foreign ? .foreign : .system(error)
    }
  }

  /// Where a letter may be put: behind whole lines. A last letter without a newline gets one; half a line of ours, left by a
  /// crash, was never counted on and is cut off; anything else is another's and left alone.
  private static func endForAppending(
    _ file: borrowing OpenFile, _ onRepair: (Wording) -> Void
  ) throws(LetterFileError) -> Int64 {
    let tail = try tail(of: file)
    do throws(SystemFailure) {
      switch tail {
      case .whole(let size): return size
      case .bare(let size):
        try file.write([UInt8(ascii: "\n")])
        onRepair("the last letter had no newline; it has one again")
        return size + 1
      case .half(let end, let size):
        try file.truncate(to: end)
        onRepair("cut off \(size - end) bytes at the end, of a letter that was not finished and comes again")
        return end
      }
    } catch {
      throw .system(error)
    }
  }

  /// Whether the first line that says something is a letter, or was one. Its beginning tells that of one of ours: it may be long,
  /// and is looked at whenever a letter is added.
  private static func isOurs(_ file: borrowing OpenFile, whole end: Int64) throws(SystemFailure) -> Bool {
    var (offset, line): (Int64, [UInt8]) = (0, [])
    while offset < end {
      let piece = try file.read(offset..<min(end, offset + 65_536))
      offset += Int64(piece.count)
      for part in piece.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
        if part.offset > 0, !line.isEmpty { return DeadLetter(json: line) != nil || isRemoved(line[...]) }
        line.append(contentsOf: part.element)
      }
      if isRemoved(line[...]) || position(line, 0..<line.count) != nil { return true }
      if line.count > longest { return false }
    }
    return true
  }

  /// Where letters lie: by their marks, or looked for where the file has been written anew since.
  static func offsets(of letters: [DeadLetter], in file: borrowing OpenFile) throws(LetterFileError) -> [Int64] {
    let generation = try status(of: file).inode
    var (offsets, moved): ([Int64], Set<DeadLetter.Place>) = ([], [])
    for letter in letters {
      if let mark = letter.mark, mark.generation == generation {
        offsets.append(mark.number)
      } else {
        moved.insert(letter.place)
      }
    }
    guard !moved.isEmpty else { return offsets }
    try forEach(in: file) { (bytes, line, offset) throws(LetterFileError) in
      if let letter = DeadLetter(json: bytes, line), moved.contains(letter.place) { offsets.append(offset) }
      return true
    }
    return offsets
  }

  /// Writes the lines that are not removed into a new file in the place of the old one.
  static func rewrite(
    _ file: borrowing OpenFile, as path: String, onRepair: (Wording) -> Void
  ) throws(LetterFileError) {
    // Only whole lines are copied.
    try append([], to: file, onRepair: onRepair)
    var failure: LetterFileError?
    do throws(SystemFailure) {
      try AtomicFile.write(to: path, .named) { (new) throws(SystemFailure) in
        do throws(LetterFileError) {
          try copy(file, to: new)
        } catch {
          failure = error
          throw SystemFailure(number: 0)
        }
      }
    } catch {
      throw failure ?? .system(error)
    }
  }

  private static func copy(_ file: borrowing OpenFile, to new: borrowing OpenFile) throws(LetterFileError) {
    try forEach(in: file) { (bytes, line, _) throws(LetterFileError) in
      do throws(SystemFailure) {
        try new.write(Array(bytes[line]) + [UInt8(ascii: "\n")])
      } catch {
        throw .system(error)
      }
      return true
    }
  }

  private static func isRemoved(_ line: ArraySlice<UInt8>) -> Bool {
    line.first == removed && line.dropFirst().starts(with: beginning.dropFirst())
  }

  static func open(_ path: String) throws(LetterFileError) -> OpenFile {
    do throws(SystemFailure) { return try OpenFile.reading(path, .named) } catch { throw .system(error) }
  }

  static func status(of file: borrowing OpenFile) throws(LetterFileError) -> FileStatus {
    do throws(SystemFailure) { return try file.status() } catch { throw .system(error) }
  }
}

extension SystemFailure {
  /// A file that holds something else than letters. The system has no number of its own for it.
  fileprivate static let foreign = SystemFailure(number: -1)
}
