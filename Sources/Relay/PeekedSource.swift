// SPDX-License-Identifier: Apache-2.0

import PostgresWire
import Synchronization

/// A source whose failure ends a peek in an orderly way, so that what came before it is shown.
struct PeekedSource<Source: FrameSource & ~Copyable>: FrameSource, ~Copyable {
  /// Why there is no more.
  final class End: Sendable {
    private let state = Mutex<Failure?>(nil)

    var failure: Failure? { state.withLock { $0 } }
    func set(_ failure: Failure) { state.withLock { $0 = $0 ?? failure } }
  }

  private var source: Source
  private let end: End
  private let control: RunControl

  init(_ source: consuming Source, _ end: End, _ control: RunControl) {
    self.source = source
    (self.end, self.control) = (end, control)
  }

  var identity: StreamIdentity { source.identity }
  var flushLSN: LSN { source.flushLSN }
  var timelineHistory: TimelineHistory { source.timelineHistory }
  var confirmedLSN: LSN? { source.confirmedLSN }
  var isStandby: Bool { source.isStandby }
  var isChecked: Bool { source.isChecked }
  var encoding: String? { source.encoding }
  var tables: OutboxTables { source.tables }
  var catalogue: (any TableCatalogue)? { source.catalogue }
  var descriptor: PollDescriptor? { end.failure == nil ? source.descriptor : nil }
  var heartbeat: Duration? { source.heartbeat }
  var fraction: Double? { source.fraction }
  var isServerLeaving: Bool { source.isServerLeaving }

  mutating func receive(_ visit: (RawSpan) -> FrameVerdict) throws(Failure) -> FrameSupply {
    guard end.failure == nil else { return .drained(until: nil) }
    do throws(Failure) { return try source.receive(visit) } catch {
      give(up: error)
      return .drained(until: nil)
    }
  }

  mutating func send(_ status: StandbyStatus) throws(Failure) {
    guard end.failure == nil else { return }
    do throws(Failure) { try source.send(status) } catch { give(up: error) }
  }

  mutating func attend() throws(Failure) {
    guard end.failure == nil else { return }
    do throws(Failure) { try source.attend() } catch { give(up: error) }
  }

  mutating func finish() throws(Failure) {
    if end.failure == nil { try source.finish() }
  }

  /// A stop hands over what is whole.
  private func give(up failure: Failure) {
    end.set(failure)
    control.stop()
  }
}
