// SPDX-License-Identifier: Apache-2.0

/// On which timeline each part of a log was written.
///
/// Source: PostgreSQL manual, "Streaming Replication Protocol", TIMELINE_HISTORY.
public struct TimelineHistory: Hashable, Sendable {
  /// A timeline that has ended.
  private struct Span: Hashable, Sendable {
    let timeline: UInt32
    let end: LSN
  }

  private var spans: [Span] = []
  private var current: UInt32 = 1

  /// The history of a log that knows of nothing but its first timeline.
  public init() {}

  /// Reads a timeline's history file: lines of a timeline, the position at which it ended, and a reason. Nil when a line is
  /// something else.
  public init?(file: String, current: UInt32) {
    for line in file.split(separator: "\n") {
      let line = line.drop { $0 == " " || $0 == "\t" }
      if line.isEmpty || line.hasPrefix("#") { continue }
      let fields = line.split(maxSplits: 2) { $0 == " " || $0 == "\t" }
      guard fields.count >= 2, let timeline = UInt32(fields[0]), let end = LSN(String(fields[1])) else { return nil }
      spans.append(Span(timeline: timeline, end: end))
    }
    self.current = current
  }

  /// The timeline on which the record at a position was written.
  public func timeline(of lsn: LSN) -> UInt32 { spans.first { lsn < $0.end }?.timeline ?? current }
}

extension TimelineHistory: LosslessStringConvertible {
  /// Reads what `description` writes.
  public init?(_ description: String) {
    let parts = description.split(separator: " ")
    guard let last = parts.last.flatMap({ UInt32($0) }) else { return nil }
    self.init(file: parts.dropLast().map { $0.replacing(":", with: " ") }.joined(separator: "\n"), current: last)
  }

  /// One line: each timeline that has ended with its end, such as `1:0/152AF10`, then the present one.
  public var description: String {
    (spans.map { "\($0.timeline):\($0.end)" } + ["\(current)"]).joined(separator: " ")
  }
}
