// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// What was noted from wherever, in order.
final class Notes: Sendable {
  private let list = Mutex<[String]>([])

  func add(_ word: String) { list.withLock { $0.append(word) } }
  var words: [String] { list.withLock { $0 } }
}
