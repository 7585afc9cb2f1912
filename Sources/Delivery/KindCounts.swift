// SPDX-License-Identifier: Apache-2.0

import Glibc
package import IntegrationEvents
import Octets

/// How many events there were of each kind; of no more kinds than a hundred, all others together.
public struct KindCounts: Hashable, Sendable {
  package static let most = 100
  /// A kind of more bytes counts with the others: a hundred of them are kept.
  private static let longest = 512

  /// The pieces of lines that tell kinds.
  private var pieces: [[UInt8]] = []
  private var counts: [Int] = []
  package private(set) var others = 0
  /// Where to find a piece by its hash; negative for a place that is free.
  private var places = [Int](repeating: -1, count: 256)
  private var last = 0

  package init() {}

  /// Calls `body` with each kind.
  package func forEach(_ body: (EventKind, Int) -> Void) {
    for (piece, count) in zip(pieces, counts) { body(EventKind(piece: piece), count) }
  }

  package mutating func add(_ batch: EventBatch) { for event in batch.events { add(event, of: batch) } }

  package mutating func add(_ event: EncodedEvent, of batch: EventBatch) { add(batch.bytes, event.kindPlace, 1) }

  package mutating func add(_ other: KindCounts) {
    for (piece, count) in zip(other.pieces, other.counts) { add(piece, piece.indices, count) }
    others += other.others
  }

  private mutating func add(_ bytes: [UInt8], _ range: Range<Int>, _ count: Int) {
    if last < pieces.count, Self.isSame(pieces[last], bytes, range) {
      counts[last] &+= count
      return
    }
    let hash = unsafe XXH64.hash(bytes.span.bytes.extracting(range))
    var place = Int(truncatingIfNeeded: hash) & (places.count - 1)
    while places[place] >= 0 {
      if Self.isSame(pieces[places[place]], bytes, range) {
        last = places[place]
        counts[last] &+= count
        return
      }
      place = (place + 1) & (places.count - 1)
    }
    guard pieces.count < Self.most, range.count <= Self.longest else {
      others &+= count
      return
    }
    places[place] = pieces.count
    last = pieces.count
    pieces.append(Array(bytes[range]))
    counts.append(count)
  }

  private static func isSame(_ piece: [UInt8], _ bytes: [UInt8], _ range: Range<Int>) -> Bool {
    guard piece.count == range.count else { return false }
    return unsafe piece.withUnsafeBytes { mine in
      unsafe bytes.withUnsafeBytes { all in
        guard let mine = mine.baseAddress, let theirs = unsafe UnsafeRawBufferPointer(rebasing: all[range]).baseAddress
        else { return true }
        return unsafe memcmp(mine, theirs, piece.count) == 0
      }
    }
  }
}
