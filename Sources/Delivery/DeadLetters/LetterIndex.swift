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

  /// Behind whose letters events wait: those of one relay, and those of nobody.
  private struct Waiting: Hashable {
    var aggregate: Aggregate
    var slot: String?
  }

  private let file: OpenFile
  private var end: Int64 = 0
  private var parked: [Waiting: Parked] = [:]
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
    known.insert(letter.place)
    guard let aggregate = letter.aggregate else { return }
    let waiting = Waiting(aggregate: aggregate, slot: letter.slot)
    let first = parked[waiting].map { min($0.first, letter.position) } ?? letter.position
    parked[waiting] = Parked(first: first, last: offset)
  }

  /// Whether the file has this very letter, or had it.
  func has(_ letter: DeadLetter) throws(LetterFileError) -> Bool {
    let answers = letter.places.map { known.contains($0) }
    if answers.contains(true) { return true }
    if !answers.contains(nil) { return false }
    var isThere = false
    try LetterLines.forEach(in: file) { bytes, line, _ in
      if LetterLines.position(bytes, line).map({ $0 == letter.position }) ?? true {
        isThere = DeadLetter(json: bytes, line).map { letter.places.contains($0.place) } ?? false
      }
      return !isThere
    }
    return isThere
  }

  /// What becomes of a letter; nil when the last one of its aggregate has gone, so that the file has to be read anew.
  func place(of letter: DeadLetter) throws(LetterFileError) -> Parking? {
    if try has(letter) { return .isThere }
    guard let aggregate = letter.aggregate else { return .free }
    let others = Set([letter.slot, nil]).compactMap { parked[Waiting(aggregate: aggregate, slot: $0)] }
    for other in others {
      do throws(SystemFailure) {
        guard try file.read(other.last..<(other.last + 1)) != [LetterLines.removed] else { return nil }
      } catch {
        throw .system(error)
      }
    }
    guard let first = others.map(\.first).min() else { return .free }
    return first < letter.position ? .parked : .ahead
  }
}

extension DeadLetter {
  /// What a letter may be that is this one: of a relay that is not known, it may be ours.
  fileprivate var places: [Place] {
    slot == nil ? [place] : [place, Place(identity: identity, slot: nil)]
  }
}

/// Which letters there are, as far as they are those that may come again: events come again only from behind what was
/// confirmed, so it is enough to know the newest.
private struct KnownLetters {
  private static let most = 65_536

  private var letters: Set<DeadLetter.Place> = []
  /// Up to here, some letters have been forgotten.
  private var forgotten: EventPosition?

  mutating func insert(_ letter: DeadLetter.Place) {
    if let forgotten, letter.position <= forgotten { return }
    letters.insert(letter)
    guard letters.count > 2 * Self.most else { return }
    let middle = letters.map(\.position).sorted()[Self.most]
    letters = letters.filter { $0.position > middle }
    forgotten = middle
  }

  /// Nil for one that may have been forgotten.
  func contains(_ letter: DeadLetter.Place) -> Bool? {
    if letters.contains(letter) { return true }
    return forgotten.map { letter.position > $0 } ?? true ? false : nil
  }
}
