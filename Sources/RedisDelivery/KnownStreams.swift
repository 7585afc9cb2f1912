// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents

/// What is known of the streams that events went to.
///
/// Where nobody answers, entries may have been added, and trimmed or deleted since. A later one that is there, or was the last to
/// be added, shows that the earlier ones were added too; but only of those for which there was nothing when they were sent
/// first: what an earlier run left there may have another order.
struct KnownStreams {
  private struct Stream {
    /// The newest entry's id; empty where none is known, `*` where it does not matter.
    var top = ""
    /// Behind which only we have added since it was known; nil for nothing known.
    var known: EventPosition?
    /// Up to where entries behind that were sent that nobody has answered for.
    var sent: EventPosition?
  }

  private var streams: [[UInt8]: Stream] = [:]
  /// More are not remembered.
  private static let most = 10_000

  /// Entries at these positions are sent, nil where ids are none; gives the id that the newest one is known to have, and
  /// whether all of these were sent before without an answer.
  mutating func send(_ range: ClosedRange<EventPosition>?, to name: [UInt8]) -> (top: String, isAgain: Bool) {
    guard let stream = streams[name] else { return ("", false) }
    guard let range, let known = stream.known, range.lowerBound > known else { return (stream.top, false) }
    streams[name]?.sent = max(stream.sent ?? range.upperBound, range.upperBound)
    return (stream.top, stream.sent.map { range.upperBound <= $0 } ?? false)
  }

  /// What was sent for the first time has been answered, and no more of it is there than that.
  mutating func answered(_ name: [UInt8]) { streams[name]?.sent = nil }

  /// All is there up to a position.
  mutating func add(upTo position: EventPosition, to name: [UInt8]) {
    var stream = streams[name] ?? Stream()
    stream.sent = nil
    // Of events that come again the newest entry is another.
    if EventPosition(streamID: stream.top).map({ $0 <= position }) ?? true {
      stream.top = position.streamID
      stream.known = max(stream.known ?? position, position)
    }
    keep(stream, as: name)
  }

  /// Another newest entry is there than was known. Gives the known one where the stream has no memory of it.
  mutating func find(_ top: StreamTop, in name: [UInt8], hasPositions: Bool) -> EventPosition? {
    var stream = streams[name] ?? Stream()
    let before = EventPosition(streamID: stream.top)
    stream.top = hasPositions ? top.id : "*"
    stream.known = stream.known ?? (hasPositions ? top.highest : nil)
    keep(stream, as: name)
    guard let before, let highest = top.highest, highest < before else { return nil }
    return before
  }

  private mutating func keep(_ stream: Stream, as name: [UInt8]) {
    if streams[name] == nil, streams.count >= Self.most { streams = [:] }
    streams[name] = stream
  }
}
