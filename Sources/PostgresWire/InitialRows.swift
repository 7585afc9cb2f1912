// SPDX-License-Identifier: Apache-2.0

import Files

/// How far the rows have come that the outbox held when a slot was made: what is kept of it, so that each of them has one place for
/// good.
///
/// Rows are planned a page at a time, by their keys. A page is on record before the first of its rows is delivered: a row keeps
/// its place although others are deleted or changed meanwhile.
public struct InitialRows: Hashable, Sendable {
  /// Rows that have places, in a run.
  package struct Page: Hashable, Sendable {
    /// Which of the outboxes, from 0.
    package var table: Int
    /// The place of the first.
    package var first: UInt64
    /// Their keys, each as many values as the table's key has columns.
    package var keys: [[String]]

    package init(table: Int, first: UInt64, keys: [[String]]) {
      (self.table, self.first, self.keys) = (table, first, keys)
    }

    /// The place of the last.
    package var last: UInt64 { first + UInt64(keys.count) - 1 }
  }

  /// The slot's consistent point: its rows stand right before it.
  package var start: LSN
  /// How many rows have places.
  package var planned: UInt64 = 0
  /// How many of them were not there any more when their turn came; of the pages that are done with.
  package var gone: UInt64 = 0
  /// For each of the outboxes, which it is and by what its rows are found: what numbers of outboxes and values of keys stand for.
  package var layout: [String] = []
  /// Which of the outboxes is being read, from 0.
  package var table = 0
  /// By what the rows of that table are ordered, as the last planned row has it; none before the first.
  package var last: [String] = []
  /// The pages of which not every row is known to be delivered.
  package var pages: [Page] = []
  /// Whether all are delivered.
  package var isDone = false

  package init(start: LSN) { self.start = start }

  /// The position under which the rows stand: before all that the slot brings, and of no transaction.
  package var commit: LSN { Self.commit(before: start) }

  package static func commit(before start: LSN) -> LSN { LSN(rawValue: start.rawValue &- 1) }
}

extension InitialRows {
  /// In one line: words with blanks between them.
  var text: String {
    var words = [start.description, isDone ? "done" : "open", "\(planned)", "\(gone)", "\(table)"]
    words += ["\(last.count)"] + last + ["\(layout.count)"] + layout
    words.append("\(pages.count)")
    for page in pages {
      words += ["\(page.table)", "\(page.first)", "\(page.keys.count)", "\(page.keys.first?.count ?? 0)"]
      for key in page.keys { words += key }
    }
    return RecordWords.line(words)
  }

  init?(text: String) {
    var words = RecordWords(text)
    guard let start = words.next().flatMap({ LSN($0) }), let state = words.next(), ["done", "open"].contains(state),
      let planned: UInt64 = words.number(), let gone: UInt64 = words.number(), let table: Int = words.number(),
      let last = words.several(words.number()), let layout = words.several(words.number()),
      let count: Int = words.number()
    else { return nil }
    self.init(start: start)
    (isDone, self.planned, self.gone) = (state == "done", planned, gone)
    (self.table, self.last, self.layout) = (table, last, layout)
    for _ in 0..<count {
      guard let table: Int = words.number(), let first: UInt64 = words.number(), let rows: Int = words.number(),
        let width: Int = words.number(), width > 0, rows > 0, rows <= words.left
      else { return nil }
      var page = Page(table: table, first: first, keys: [])
      for _ in 0..<rows {
        guard let key = words.several(width) else { return nil }
        page.keys.append(key)
      }
      pages.append(page)
    }
    guard words.left == 0 else { return nil }
  }
}

extension KeyValueText {
  private static let word = "initial-rows"

  /// Adds how far the rows have come that were there before the slot.
  package mutating func append(_ rows: InitialRows) { append(Self.word, rows.text) }

  /// What was added; nil where nothing was, or what is there makes no sense.
  package var initialRows: InitialRows? { self[Self.word].flatMap { InitialRows(text: $0) } }

  /// Whether there is something that makes no sense.
  package var hasBadInitialRows: Bool { self[Self.word] != nil && initialRows == nil }
}
