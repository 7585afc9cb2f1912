// SPDX-License-Identifier: Apache-2.0

import Capture
import Delivery
public import IntegrationEvents
import Logging
public import OutboxMapping
public import PostgresWire
import Relay
import Synchronization

/// What would be published: rows in, events out, through the very mapping and envelope of the relay, without a server.
///
///     let events = try Rehearsal().events(of: """
///       INSERT INTO outbox (aggregatetype, aggregateid, type, payload)
///       VALUES ('order', '1', 'OrderPlaced', '{"cents": 999}')
///       """)
///     #expect(events[0].type == "OrderPlaced")
///
/// Ids and times that a row leaves to its defaults are the same in every run.
public struct Rehearsal: Sendable {
  /// How rows become events. Default: as without any option.
  public var mapping = MappingConfiguration()
  /// What a line holds. Default: a CloudEvent.
  public var envelope: EnvelopeEncoder.Envelope = .cloudevents

  /// Makes a rehearsal with the defaults.
  public init() {}

  /// The events of a script of SQL.
  ///
  /// It may hold INSERT with VALUES that are literals, CREATE TABLE, BEGIN, COMMIT, ROLLBACK, and `SELECT
  /// pg_logical_emit_message(true, …)`. The table `outbox` that `setup` makes is there. There is no server that computes,
  /// checks constraints, or prints `jsonb` anew.
  ///
  /// - Throws: a failure that names the line that cannot be read, or the row that cannot become an event, and why.
  public func events(of sql: String) throws(Failure) -> [RehearsedEvent] {
    let source: ScriptSource
    do throws(SQLMistake) { source = try ScriptSource(sql) } catch {
      throw Failure(.recording, "line \(error.line) of the script: \(error.what)")
    }
    return try events { () throws(Failure) in source }
  }

  /// The events of a recording: a capture, or a dump of `pg_logical_slot_get_binary_changes`.
  public func events(ofDump path: String) throws(Failure) -> [RehearsedEvent] {
    try events { () throws(Failure) in try CaptureReader(path: path) }
  }

  private func events<Source: FrameSource & ~Copyable>(
    _ open: () throws(Failure) -> Source
  ) throws(Failure) -> [RehearsedEvent] {
    var configuration = RelayConfiguration(mapping: mapping)
    configuration.envelope = envelope
    configuration.retries = false
    let audience = Audience()
    var relay = Relay(configuration, log: Logger(label: "rehearsal") { _ in SwiftLogNoOpLogHandler() })
    _ = try relay.run(open: { (_) throws(Failure) in try open() }, sink: { (_) throws(Failure) in audience })
    return audience.seen
  }
}

/// A sink that keeps what it gets.
private final class Audience: Sink {
  private let events = Mutex<[RehearsedEvent]>([])

  var seen: [RehearsedEvent] { events.withLock { $0 } }

  func submit(_ batch: EventBatch, done: @escaping Done) {
    events.withLock { $0 += batch.events.map { RehearsedEvent(batch, $0) } }
    done(nil)
  }

  func close() {}
}
