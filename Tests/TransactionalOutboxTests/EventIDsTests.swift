// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import TransactionalOutbox

@Suite struct EventIDsTests {
  @Test func `an id is a UUID of version 7 that begins with the milliseconds since 1970`() throws {
    let time = Date(timeIntervalSince1970: 4_000_000_000)
    let text = EventIDs().next(at: time).uuidString.lowercased()
    #expect(text.hasPrefix("03a35294-4000-7"), "\(text)")
    #expect("89ab".contains(text[text.index(text.startIndex, offsetBy: 19)]))
  }

  @Test func `ids grow, and none comes twice, whoever asks`() async {
    let source = EventIDs()
    let ids = await withTaskGroup { group in
      for _ in 0..<8 { group.addTask { (0..<1000).map { _ in source.next().uuidString } } }
      var all: [[String]] = []
      for await some in group { all.append(some) }
      return all
    }
    #expect(Set(ids.joined()).count == 8000)
    for some in ids { #expect(some == some.sorted()) }
  }
}
