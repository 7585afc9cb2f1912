import PostgresWire

/// When to hand over what has gathered: while more is on its way, large batches are cheaper, but nothing waits long.
struct Gathering {
  private static let longest: Duration = .milliseconds(10)

  /// Since when a batch has been growing under a backlog.
  private var since: ContinuousClock.Instant?

  /// Whether it is time, after the source has given what it had.
  mutating func isOver(_ supply: FrameSupply, hasCompleteEvents: Bool) -> Bool {
    if case .paced = supply, hasCompleteEvents {
      let now = ContinuousClock.now
      let start = since ?? now
      since = start
      guard now - start > Self.longest else { return false }
    }
    since = nil
    return hasCompleteEvents
  }

  /// A batch was full.
  mutating func end() { since = nil }
}
