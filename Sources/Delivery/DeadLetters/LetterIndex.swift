// SPDX-License-Identifier: Apache-2.0

import Files
import IntegrationEvents

/// What is known of one file of dead letters, read on as others append to it: which letters are there, and of whom.
///
/// The file stays open, so that no other can look like it. Letters that are removed stay in here; that one of an aggregate
/// is still there is looked up.
final class LetterIndex {
  /// An aggregate's letters.
  private struct Parked {
    var first: EventPosition
    /// Where the last one lies in the file: letters are redriven from the first on, so it is the last to go.
    var last: Int64
  }

  private let file: OpenFile
  private var end: Int64 = 0
  private var parked: [Aggregate: Parked] = [:]
  private var known = KnownLetters()

  init(_ file: consuming OpenFile) {
    self.file = file
  }

  func isOf(_ other: borrowing OpenFile) throws(LetterFileError) -> Bool {
    let (own, other) = (try LetterLines.status(of: file), try LetterLines.status(of: other))
    return own.isSameFile(as: other) && other.size >= end
  }

  /// Reads what has been appended since the last time.
  func catchUp() throws(LetterFileError) {
    end = try LetterLines.forEach(in: file, from: end) { bytes, line, offset in
      // A line that cannot be read is told of where letters are read; here nothing follows from it.
      if let letter = DeadLetter(json: bytes, line) { note(letter, offset) }
      return true
    }
  }

  private func note(_ letter: DeadLetter, _ offset: Int64) {
    known.insert(letter.identity)
    guard let aggregate = letter.aggregate else { return }
    let first = parked[aggregate].map { min($0.first, letter.position) } ?? letter.position
    parked[aggregate] = Parked(first: first, last: offset)
  }

  /// Whether the file has this very letter, or had it.
  func has(_ letter: DeadLetter) throws(LetterFileError) -> Bool {
    if let answer = known.contains(letter.identity) { return answer }
    var isThere = false
    try LetterLines.forEach(in: file) { bytes, line, _ in
      if LetterLines.position(bytes, line).map({ $0 == letter.position }) ?? true {
        isThere = DeadLetter(json: bytes, line)?.identity == letter.identity
      }
      return !isThere
    }
    return isThere
  }

  /// What becomes of a letter; nil when the last one of its aggregate has gone, so that the file has to be read anew.
  func place(of letter: DeadLetter) throws(LetterFileError) -> Parking? {
    if try has(letter) { return .isThere }
    guard let aggregate = letter.aggregate, let parked = parked[aggregate] else { return .free }
    do throws(SystemFailure) {
      guard try file.read(parked.last..<(parked.last + 1)) != [LetterLines.removed] else { return nil }
    } catch {
      throw .system(error)
    }
    return parked.first < letter.position ? .parked : .ahead
  }
}

/// Which letters there are, as far as they are those that may come again: events come again only from behind what was
/// confirmed, so it is enough to know the newest.
private struct KnownLetters {
  private static let most = 65_536

  private var letters: Set<DeadLetter.Identity> = []
  /// Up to here, some letters have been forgotten.
  private var forgotten: EventPosition?

  mutating func insert(_ letter: DeadLetter.Identity) {
    if let forgotten, letter.position <= forgotten { return }
    letters.insert(letter)
    guard letters.count > 2 * Self.most else { return }
    let middle = letters.map(\.position).sorted()[Self.most]
    letters = letters.filter { $0.position > middle }
    forgotten = middle
  }

  /// Nil for one that may have been forgotten.
  func contains(_ letter: DeadLetter.Identity) -> Bool? {
    if letters.contains(letter) { return true }
    return forgotten.map { letter.position > $0 } ?? true ? false : nil
  }
}
