// SPDX-License-Identifier: Apache-2.0

import Files
import IntegrationEvents
import PostgresWire

/// The end of a file of events: where its last line ends, and what is to be done about one that has no newline.
///
/// A whole event that lacks only its newline gets one: somebody's editor may have taken it. Half an event is what a crash has left
/// of a line that was never counted on, and is cut off. Anything else is not ours.
struct LineEnd {
  private enum Tail {
    case none, unfinished(Int64), withoutNewline
  }

  /// How long the file will be.
  let size: Int64
  /// The position of the last event; nil when there is none, or lines do not tell.
  let last: EventPosition?
  /// Whether the last line is no event.
  let isForeign: Bool
  private let tail: Tail

  /// - Parameters:
  ///   - isEvent: whether lines tell their position.
  ///   - recorded: how long the file was when a position was confirmed last; nil where nobody knows.
  init(of file: borrowing OpenFile, isEvent: Bool, recorded: Int64?) throws(SystemFailure) {
    let length = try file.status().size
    let end = try file.wholeLength()
    let last = isEvent ? EventLine.position(in: try file.lastLine(before: end)) : nil
    let beginning = try file.read(end..<min(length, end + EventLine.shortest))
    let isOurs = !isEvent || EventLine.canBegin(beginning)
    let unfinished = isEvent && isOurs ? EventLine.position(in: try file.read(end..<length)) : nil
    // Only the length tells of lines that tell nothing themselves.
    if end < length, unfinished != nil || (!isEvent && length + 1 == recorded) {
      (size, tail) = (length + 1, .withoutNewline)
    } else {
      (size, tail) = (end, end == length ? .none : .unfinished(length - end))
    }
    self.last = [last, unfinished].compactMap { $0 }.max()
    isForeign = isEvent && (end > 0 && last == nil || !isOurs)
  }

  /// Makes the last line whole, or cuts it off; not yet durably.
  func mend(_ file: borrowing OpenFile) throws(SystemFailure) {
    switch tail {
    case .none: break
    case .unfinished: try file.truncate(to: size)
    case .withoutNewline: try file.write([UInt8(ascii: "\n")])
    }
  }

  /// What that is, for messages.
  var words: Wording? {
    switch tail {
    case .none: nil
    case .unfinished(let count): "cut off \(count) bytes at the end, of a line that was not finished and comes again"
    case .withoutNewline: "the last line had no newline; it has one again"
    }
  }
}
