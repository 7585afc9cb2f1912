// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A line of output, as far as tests look at it.
struct Event: Decodable, Hashable {
  struct Payload: Decodable, Hashable {
    let n: Int?
  }

  let id: String
  let source: String
  let type: String
  let subject: String?
  let sequence: String
  let partitionkey: String?
  let data: Payload?

  /// Where its transaction was committed, as the server writes it.
  var commitLSN: String {
    let number = UInt64(sequence.prefix(16), radix: 16) ?? .max
    return "\(String(number >> 32, radix: 16))/\(String(number & 0xffff_ffff, radix: 16))"
  }

  /// Reads lines; one that is torn or no event is an error.
  static func read(_ lines: [String]) throws -> [Event] {
    let decoder = JSONDecoder()
    return try lines.map { try decoder.decode(Event.self, from: Data($0.utf8)) }
  }
}

extension [Event] {
  /// The numbers that `place` wrote.
  var numbers: [Int] { compactMap { $0.data?.n } }

  /// Positions are strictly increasing, compared as text.
  var isInCommitOrder: Bool { zip(self, dropFirst()).allSatisfy { $0.sequence < $1.sequence } }

  /// Within every key, numbers increase.
  var isOrderedPerKey: Bool {
    Dictionary(grouping: self, by: \.partitionkey).values.allSatisfy { events in
      zip(events.numbers, events.numbers.dropFirst()).allSatisfy { $0 < $1 }
    }
  }
}
