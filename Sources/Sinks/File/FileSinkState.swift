import IntegrationEvents

/// Which stream an output file belongs to. Kept beside it as `PATH.state`, because events do not tell.
public struct StreamOrigin: Hashable, Sendable {
  /// The cluster's identifier.
  public var systemIdentifier: String
  /// The cluster's timeline.
  public var timeline: UInt32
  /// The slot.
  public var slot: String

  /// Makes an origin.
  public init(systemIdentifier: String, timeline: UInt32, slot: String) {
    self.systemIdentifier = systemIdentifier
    self.timeline = timeline
    self.slot = slot
  }
}

extension StreamOrigin: CustomStringConvertible {
  /// For messages.
  public var description: String { "slot \(slot) of system \(systemIdentifier), timeline \(timeline)" }
}

/// What must be known about an output file but is not in it: lines of a word, a blank and a value.
struct FileSinkState: Hashable {
  static let magic = "tailrace-file-sink 1"

  var origin: StreamOrigin
  /// The newest event in the files that were rotated away.
  var last: EventPosition?
  /// When the current file was started, in seconds since 1970.
  var started: Int64

  init(origin: StreamOrigin, last: EventPosition?, started: Int64) {
    self.origin = origin
    self.last = last
    self.started = started
  }

  init?(text: String) {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard lines.first.map(String.init) == Self.magic else { return nil }
    let fields = Dictionary(
      lines.dropFirst().compactMap { line -> (Substring, String)? in
        guard let blank = line.firstIndex(of: " ") else { return nil }
        return (line[..<blank], String(line[line.index(after: blank)...]))
      }, uniquingKeysWith: { _, last in last })
    guard let system = fields["system"], let timeline = fields["timeline"].flatMap(UInt32.init),
      let slot = fields["slot"], let started = fields["started"].flatMap(Int64.init)
    else { return nil }
    origin = StreamOrigin(systemIdentifier: system, timeline: timeline, slot: slot)
    self.started = started
    if let text = fields["last"] {
      guard let position = EventPosition(sequence: text) else { return nil }
      last = position
    }
  }

  var text: String {
    """
    \(Self.magic)
    system \(origin.systemIdentifier)
    timeline \(origin.timeline)
    slot \(origin.slot)
    started \(started)

    """ + (last.map { "last \($0.sequence)\n" } ?? "")
  }
}
