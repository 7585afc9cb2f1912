// SPDX-License-Identifier: Apache-2.0

public import IntegrationEvents

/// How a sink is getting on, for whoever tells about it.
public struct DeliveryHealth: Sendable {
  /// What fails now and is tried again.
  public struct Trouble: Sendable {
    /// Why the last attempt failed, in a few words.
    public var reason: String
    /// What can be looked at.
    public var hint: String?
    /// How many attempts have failed since everything was well.
    public var failures: Int
    /// Since when.
    public var since: ContinuousClock.Instant
    /// The first of the events that fail.
    public var oldest: Waiting
    /// Since when the one fails that has failed longest; nil where that is not known.
    public var stuckSince: ContinuousClock.Instant?

    /// Makes an account of what fails.
    public init(
      reason: String, hint: String? = nil, failures: Int, since: ContinuousClock.Instant, oldest: Waiting,
      stuckSince: ContinuousClock.Instant? = nil
    ) {
      self.reason = reason
      self.hint = hint
      self.failures = failures
      self.since = since
      self.oldest = oldest
      self.stuckSince = stuckSince
    }
  }

  /// An event that waits for its delivery.
  public struct Waiting: Hashable, Sendable {
    /// Where it stands in the log.
    public var position: EventPosition
    /// Its `time`, as it is written; empty for none.
    public var time: String
    /// Since when it is with the sink.
    public var since: ContinuousClock.Instant

    /// Makes an account of an event.
    public init(position: EventPosition, time: String, since: ContinuousClock.Instant) {
      self.position = position
      self.time = time
      self.since = since
    }
  }

  /// Events that became dead letters.
  public struct Letters: Hashable, Sendable {
    /// How many.
    public var count = 0
    /// Where the last one stands in the log.
    public var position = EventPosition(commitLSN: 0, ordinal: 0)
    /// Why.
    public var reason = ""
    /// Of what kinds they were.
    public var kinds = KindCounts()

    /// Makes an account of none.
    public init() {}
  }

  /// Where it delivers to, as it may be shown.
  public var destination = "the sink"
  /// What fails now; nil while nothing does.
  public var trouble: Trouble?
  /// How many attempts have failed so far, and why the last one did.
  public var failures = 0
  /// Why the last attempt failed that did.
  public var lastReason = ""
  /// How many attempts have failed for each reason: for `other`, where there were too many reasons to keep them apart.
  public var reasons: [String: Int] = [:]
  /// How many events are delivered so far.
  public var delivered = 0
  /// What became of events that could not be delivered.
  public var letters = Letters()
  /// What is wrong although it goes on with what was there before, such as a file of credentials that cannot be read any more,
  /// by what it is wrong with.
  public var complaints: [String: String] = [:]
  /// Why what it delivers may be lost all the same, and what can be done, such as a broker that keeps nothing on its disk; nil for
  /// nothing.
  public var doubt: String?
  /// What holds it up although no attempt has failed, such as brokers that are away, and what can be done; nil for nothing.
  public var obstacle: String?
  /// What is to be told once each, in the order in which it came up; not more than 20.
  public var remarks: [String] = []

  /// Makes the health of a sink of which nothing is known.
  public init() {}

  /// The last of the remarks, or the only one.
  public var remark: String? {
    get { remarks.last }
    set { remarks = newValue.map { [$0] } ?? [] }
  }
}
