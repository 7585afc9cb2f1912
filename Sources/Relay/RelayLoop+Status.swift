import OutboxMapping
import PostgresWire

extension RelayLoop where Source: ~Copyable {
  /// Puts up how things stand.
  func publish(_ phase: RelayStatus.Phase) {
    board.update { status in
      status.phase = phase
      status.identity = ledger.identity
      status.received = pipeline.received
      status.confirmed = pipeline.confirm.flushed
      status.encodedEvents = pipeline.eventCount
      status.deliveredEvents = outbound.deliveredEvents
      status.batchesInFlight = pipeline.confirm.batchesInFlight
      status.bytesInFlight = pipeline.confirm.bytesInFlight
      status.keptRows = desk.keptRows
      status.passedOver = PassedOver(pipeline.mapper)
    }
  }

  /// Tells of dead letters that are waited for, and once when reading can begin.
  mutating func tellDesk() {
    desk.tell(log)
    guard !desk.isBusy, !control.isStopRequested, let words = greeting.take() else { return }
    log.info("\(words)")
  }
}
