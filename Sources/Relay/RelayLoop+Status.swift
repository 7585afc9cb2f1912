// SPDX-License-Identifier: Apache-2.0

import Delivery
import OutboxMapping
import PostgresWire

/// What a loop remembers of the status that it puts up.
struct StatusKeeping {
  /// How often it puts it up while it is busy.
  static let interval: Duration = .milliseconds(200)

  /// What was counted with earlier sinks.
  let before: RelayCounts
  var last = ContinuousClock.now - Self.interval
  var pausedSince: ContinuousClock.Instant?
  var pauses = 0
  var heard: ContinuousClock.Instant?
  var bytes = 0
}

extension RelayLoop where Source: ~Copyable {
  /// Puts up how things stand, if it is time: when it will wait now, when it is asked, else now and then.
  mutating func publishNow(afterReading supply: FrameSupply?) {
    let isAsked = control.takeStatusRequest()
    if isAsked { return publish(.streaming, isDetailed: true) }
    if case .drained = supply { return publish(.streaming) }
    if supply == nil || ContinuousClock.now - keeping.last >= StatusKeeping.interval { publish(.streaming) }
  }

  /// Notes whether something could be read.
  mutating func notePause(_ isPaused: Bool) {
    guard isPaused != (keeping.pausedSince != nil) else { return }
    keeping.pausedSince = isPaused ? .now : nil
    if isPaused { keeping.pauses += 1 }
  }

  /// Puts up how things stand.
  mutating func publish(_ phase: RelayStatus.Phase, isDetailed: Bool = false) {
    keeping.last = .now
    if pipeline.receivedBytes != keeping.bytes {
      (keeping.heard, keeping.bytes) = (keeping.last, pipeline.receivedBytes)
    }
    let health = watch.health
    var counts = RelayCounts()
    counts.receivedBytes = pipeline.receivedBytes
    counts.encodedEvents = pipeline.eventCount
    counts.skippedEvents = pipeline.skippedCount
    counts.deliveredEvents = outbound.deliveredEvents
    counts.deliveredBytes = outbound.deliveredBytes
    counts.deadLetters = health.letters.count
    counts.letterKinds = health.letters.kinds
    counts.keptEvents = desk.keptEvents
    counts.keptRows = desk.keptRows
    let cleanUp = outbound.cleanUp?.account
    counts.cleanedRows = cleanUp?.cleaned ?? 0
    counts.cleanUpFailures = cleanUp?.failures ?? 0
    counts.passedOver = PassedOver(pipeline.mapper)
    counts.pauses = keeping.pauses
    counts.failures = health.reasons
    if isDetailed { counts.tally = pipeline.tally }
    counts.add(keeping.before)
    board.update { status in
      status.enter(phase)
      counts.losses = status.counts.losses
      if isDetailed { status.spool = pipeline.open.use } else { counts.tally = status.counts.tally }
      status.counts = counts
      status.identity = ledger.identity
      status.received = pipeline.received
      status.confirmed = pipeline.confirm.flushed
      status.told = session.told
      status.start = session.opened
      status.end = session.end
      status.heard = keeping.heard
      status.fraction = session.fraction
      status.batchesInFlight = pipeline.confirm.batchesInFlight
      status.bytesInFlight = pipeline.confirm.bytesInFlight
      status.pausedSince = keeping.pausedSince
      status.moved = watch.moved
      status.rowsToCleanUp = cleanUp?.waiting ?? 0
      status.cleanUpTroubleSince = cleanUp?.trouble?.since
      status.deskSince = desk.since
      status.health = health
    }
  }

  /// Tells of dead letters that are waited for, and once when reading can begin.
  mutating func tellDesk() {
    desk.tell(log)
    guard !desk.isBusy, !control.isStopRequested, let words = greeting.take() else { return }
    log.info("\(words)")
  }
}
