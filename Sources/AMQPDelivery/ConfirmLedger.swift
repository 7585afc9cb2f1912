// SPDX-License-Identifier: Apache-2.0

import DequeModule

/// What has been published on a channel and not been confirmed, by delivery tag. Source: RabbitMQ, "Consumer Acknowledgements and
/// Publisher Confirms": the first message behind `confirm.select` has the tag 1.
struct ConfirmLedger<Element> {
  /// Nil for what is confirmed while something before it is not.
  private var entries: Deque<Element?> = []
  /// The tag of the first of the entries.
  private var first: UInt64 = 1
  /// How many are open.
  private(set) var count = 0

  var isEmpty: Bool { count == 0 }

  /// The one that has waited longest.
  var oldest: Element? { entries.first ?? nil }

  /// Those that are open, in order.
  var open: some Sequence<Element> { entries.lazy.compactMap { $0 } }

  mutating func add(_ element: Element) {
    entries.append(element)
    count += 1
  }

  /// Changes those that are open, until told to stop.
  mutating func update(_ change: (inout Element) -> Bool) {
    for index in entries.indices {
      guard var element = entries[index] else { continue }
      let isDone = change(&element)
      entries[index] = element
      if isDone { return }
    }
  }

  /// Takes out what a tag stands for: one, or all up to it; zero is for all. What is confirmed already is passed over.
  mutating func settle(_ tag: UInt64, multiple: Bool, _ body: (Element) -> Void) throws(ProtocolBreach) {
    let end = first + UInt64(entries.count)
    guard tag < end, tag > 0 || multiple else { throw .unknownTag }
    if multiple {
      let last = tag == 0 ? end - 1 : tag
      while first <= last, let entry = entries.popFirst() {
        first += 1
        if let entry { settle(entry, body) }
      }
    } else if tag >= first {
      let index = Int(tag - first)
      if let entry = entries[index] {
        entries[index] = nil
        settle(entry, body)
      }
    }
    while let head = entries.first, head == nil {
      entries.removeFirst()
      first += 1
    }
  }

  private mutating func settle(_ entry: Element, _ body: (Element) -> Void) {
    count -= 1
    body(entry)
  }

  /// Takes out all, and begins anew, as a new channel does.
  mutating func drain() -> [Element] {
    defer { self = ConfirmLedger() }
    return Array(open)
  }
}
