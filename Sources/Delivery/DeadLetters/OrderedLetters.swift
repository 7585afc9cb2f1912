// SPDX-License-Identifier: Apache-2.0

import Files
import IntegrationEvents

/// The places of a file's letters in the order of their positions, as many as fit into a few megabytes; the next ones are
/// looked for when these are through.
struct OrderedLetters {
  private struct Place {
    let mark: LetterMark
    let length: Int
  }

  private static let most = 65_536

  private let query: LetterQuery
  private let generation: UInt64
  private let start: LetterMark?
  private var places: [Place] = []
  /// The last of them, if there are more behind it.
  private var bound: LetterMark?
  private var isWhole: Bool { bound == nil }

  /// Looks through a file for the letters behind a mark.
  init(_ file: borrowing OpenFile, matching query: LetterQuery, after mark: LetterMark?) throws(LetterFileError) {
    let generation = try LetterLines.status(of: file).inode
    // A file that was replaced since has other offsets: rather a letter again than one left out.
    let start = mark.map { $0.generation == generation ? $0 : LetterMark($0.position, -1, generation: generation) }
    (self.query, self.generation, self.start) = (query, generation, start)
    try LetterLines.forEach(in: file) { (bytes, line, offset) throws(LetterFileError) in
      var position = LetterLines.position(bytes, line)
      if position == nil || !query.isEmpty {
        guard let letter = DeadLetter(json: bytes, line) else { throw .unreadable(offset) }
        guard query.matches(letter) else { return true }
        position = letter.position
      }
      guard let position else { return true }
      let mark = LetterMark(position, offset, generation: generation)
      let isWanted = (start.map { mark > $0 } ?? true) && (bound.map { mark < $0 } ?? true)
      guard isWanted else { return true }
      places.append(Place(mark: mark, length: line.count))
      if places.count >= 2 * Self.most { cut() }
      return true
    }
    places.sort { $0.mark < $1.mark }
    if places.count > Self.most { cut() }
  }

  private mutating func cut() {
    places.sort { $0.mark < $1.mark }
    places.removeLast(places.count - Self.most)
    bound = places.last?.mark
  }

  /// Whether these are the places to go on with.
  func serve(_ query: LetterQuery, after mark: LetterMark, in file: borrowing OpenFile) throws(LetterFileError) -> Bool
  {
    guard query == self.query, mark.generation == generation, start.map({ mark >= $0 }) ?? true,
      bound.map({ mark < $0 }) ?? true
    else { return false }
    return try LetterLines.status(of: file).inode == generation
  }

  /// Reads the letters behind a mark: so many, or so many bytes.
  func page(
    _ file: borrowing OpenFile, after mark: LetterMark?, letters limit: Int, bytes most: Int
  ) throws(LetterFileError) -> LetterPage {
    var (page, bytes) = (LetterPage(letters: [], next: nil), 0)
    var index = mark.map { mark in places.partitionIndex { $0.mark > mark } } ?? 0
    while index < places.count, page.letters.count < limit, bytes == 0 || bytes + places[index].length <= most {
      let place = places[index]
      index += 1
      let line: [UInt8]
      do throws(SystemFailure) {
        line = try file.read(place.mark.number..<(place.mark.number + Int64(place.length)))
      } catch {
        throw .system(error)
      }
      // Somebody has removed it meanwhile.
      if line.first == LetterLines.removed { continue }
      guard var letter = DeadLetter(json: line) else { throw .unreadable(place.mark.number) }
      letter.mark = place.mark
      page.letters.append(letter)
      bytes += place.length
    }
    if index < places.count || !isWhole { page.next = index > 0 ? places[index - 1].mark : mark }
    return page
  }
}

extension Array {
  /// The first index from which on something holds, which must not hold before.
  fileprivate func partitionIndex(where holds: (Element) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if holds(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
