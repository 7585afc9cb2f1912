// SPDX-License-Identifier: Apache-2.0

public import Delivery
import Files
import Logging
public import PostgresWire
import Synchronization

/// How a relay stands at one moment.
public struct RelayStatus: Sendable {
  /// What it is doing.
  public enum Phase: String, Hashable, Sendable {
    /// Opening the stream, for the first time or again.
    case connecting
    /// Waiting until another client lets the slot go.
    case standby
    /// Reading, delivering, confirming.
    case streaming
    /// Delivering what has been read, in order to end.
    case draining
    /// Nothing any more.
    case ended
  }

  /// When this was so.
  public var time = ContinuousClock.now
  /// What it is doing.
  public var phase = Phase.connecting
  /// Since when it has been doing that.
  public var phaseSince = ContinuousClock.now
  /// Which stream it reads; nil before the first connection.
  public var identity: StreamIdentity?
  /// Where it began to read.
  public var start = LSN.zero
  /// The end of the server's log when the stream was opened.
  public var end = LSN.zero
  /// The newest position heard of.
  public var received = LSN.zero
  /// The newest position that is confirmed, or is with the next status update: all before it is delivered.
  public var confirmed = LSN.zero
  /// The newest position that the server was told of.
  public var told = LSN.zero
  /// When something was heard from the source last.
  public var heard: ContinuousClock.Instant?
  /// How much of its source has been read, from 0 to 1, where that is known.
  public var fraction: Double?
  /// What it has counted since it began, whatever connections were lost.
  public var counts = RelayCounts()
  /// How many rows and messages have become events.
  public var encodedEvents: Int { counts.encodedEvents }
  /// How many of these are durable in the sink.
  public var deliveredEvents: Int { counts.deliveredEvents }
  /// How many rows that could not become events are kept as dead letters.
  public var keptRows: Int { counts.keptRows }
  /// What was passed over.
  public var passedOver: PassedOver { counts.passedOver }
  /// How often the stream was lost and tried again.
  public var retries: Int { counts.retries }
  /// How many batches are with the sink.
  public var batchesInFlight = 0
  /// How many bytes are with the sink.
  public var bytesInFlight = 0
  /// Since when it has read nothing because of what waits for the sink or for the dead letters; nil while it reads.
  public var pausedSince: ContinuousClock.Instant?
  /// When something was delivered last, or when what is under way began.
  public var moved = ContinuousClock.now
  /// Since when it has waited for the dead letters; nil while it does not.
  public var deskSince: ContinuousClock.Instant?
  /// How many rows of delivered events wait to be cleaned up.
  public var rowsToCleanUp = 0
  /// Since when no clean-up has succeeded that was tried; nil while they do.
  public var cleanUpTroubleSince: ContinuousClock.Instant?
  /// How the sink is getting on.
  public var health = DeliveryHealth()
  /// How many transactions in progress are kept, and how much memory and how much of files that takes.
  public var spool = SpoolUse()
  /// Why the stream was lost, the last time.
  public var lastFailure: String?
  /// The thread of its loop; nil before it has begun.
  package var thread: UInt?
  /// What operators were told lately, the newest last, where it is kept.
  package var notices: [RecentNotice] = []
  /// What has to end before it is begun; nil where nothing has.
  package var waitsFor: String?

  /// Makes the status of a relay that has not begun.
  public init() {}

  mutating func enter(_ phase: Phase) {
    time = .now
    if self.phase != phase { phaseSince = time }
    self.phase = phase
  }
}

/// What transactions in progress take until their commit.
public struct SpoolUse: Hashable, Sendable {
  /// How many there are.
  public var transactions = 0
  /// How many bytes are in memory.
  public var memory = 0
  /// How many bytes are in files.
  public var files: Int64 = 0

  /// Makes an account of none.
  public init() {}
}

/// Where a relay puts up its status for others to look at, from any thread.
public final class StatusBoard: Sendable {
  private let status = Mutex(RelayStatus())
  /// Whether latencies and kinds of events are counted too.
  package let isDetailed: Bool

  /// Makes a board for a relay that has not begun.
  public init() { isDetailed = false }

  /// Makes a board for a relay that counts latencies and kinds of events too.
  package init(isDetailed: Bool) { self.isDetailed = isDetailed }

  /// How the relay stood the last time it had a moment. One that waits to be begun stands as it does now.
  public var current: RelayStatus {
    status.withLock { status in
      if status.waitsFor != nil { status.time = .now }
      return status
    }
  }

  /// Another client has the slot, and that is waited for.
  func standBy() { update { $0.enter(.standby) } }

  /// The relay waits for its server, and is still there.
  package func touch() { update { if $0.phase != .draining, $0.phase != .ended { $0.time = .now } } }

  /// The relay has failed, and is not there until somebody starts it again.
  package func fail(_ why: String) {
    keep(.error, why)
    update { status in
      status.enter(.ended)
      status.lastFailure = why
    }
  }

  /// The relay is begun when something else has ended.
  package func wait(for others: String) { update { $0.waitsFor = others } }

  /// The relay begins.
  package func begin() {
    update { status in
      status.waitsFor = nil
      status.enter(.connecting)
    }
  }

  func update(_ change: (inout RelayStatus) -> Void) {
    status.withLock { status in
      change(&status)
      status.thread = DiskWaits.thread
    }
  }
}
