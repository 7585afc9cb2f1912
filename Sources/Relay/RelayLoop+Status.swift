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
}
