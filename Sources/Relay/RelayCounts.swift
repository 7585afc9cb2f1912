// SPDX-License-Identifier: Apache-2.0

public import Delivery
public import PostgresWire

/// What a relay has counted since it began, over all its connections and sinks.
public struct RelayCounts: Sendable {
  /// How many bytes of frames were read.
  public var receivedBytes = 0
  /// How many rows and messages have become events.
  public var encodedEvents = 0
  /// How many events were not handed over because they were delivered before.
  public var skippedEvents = 0
  /// How many events are durable in the sink, or are dead letters.
  public var deliveredEvents = 0
  /// How many bytes these had.
  public var deliveredBytes = 0
  /// How many of them are dead letters.
  public var deadLetters = 0
  /// Of what kinds these were.
  public var letterKinds = KindCounts()
  /// How many events that must not leave are kept as dead letters; they were never handed over.
  public var keptEvents = 0
  /// How many rows that could not become events are kept as dead letters.
  public var keptRows = 0
  /// How many rows were cleaned up after delivery.
  public var cleanedRows = 0
  /// How many attempts to clean up have failed.
  public var cleanUpFailures = 0
  /// What was passed over.
  public var passedOver = PassedOver()
  /// How often reading paused because the sink had enough.
  public var pauses = 0
  /// How many attempts to deliver have failed, by reason.
  public var failures: [String: Int] = [:]
  /// How often the stream was lost, or could not be opened, and tried again, by the kind of failure.
  public var losses: [FailureKind: Int] = [:]
  /// Latencies and kinds of events, as far as they are counted.
  package var tally: Tally?

  /// Makes counts of nothing.
  public init() {}

  /// How often the stream was lost and tried again.
  public var retries: Int { losses.values.reduce(0, +) }

  /// Adds what was counted with earlier sinks, but for losses, which are counted beside.
  mutating func add(_ before: RelayCounts) {
    receivedBytes += before.receivedBytes
    encodedEvents += before.encodedEvents
    skippedEvents += before.skippedEvents
    deliveredEvents += before.deliveredEvents
    deliveredBytes += before.deliveredBytes
    deadLetters += before.deadLetters
    letterKinds.add(before.letterKinds)
    keptEvents += before.keptEvents
    keptRows += before.keptRows
    cleanedRows += before.cleanedRows
    cleanUpFailures += before.cleanUpFailures
    passedOver.add(before.passedOver)
    pauses += before.pauses
    failures.merge(before.failures, uniquingKeysWith: +)
    if let earlier = before.tally { tally?.add(earlier) }
  }
}
