// SPDX-License-Identifier: Apache-2.0

import Delivery
import IntegrationEvents
package import Logging
import OutboxMapping
package import PostgresWire
package import Relay
import Replication
package import Settings
import TableSource

/// A relay that is made of its settings each time it is run: the stream of a slot, or a table that is polled, and a sink.
package struct RelayRun: Sendable {
  private let settings: RelaySettings
  private let control: RunControl
  private let board: StatusBoard
  private let log: Logger
  private let show: @Sendable (Wording) -> String

  /// Prepares a relay.
  ///
  /// - Parameters:
  ///   - settings: what it is made of.
  ///   - control: how to stop it.
  ///   - board: where it puts up how it stands.
  ///   - log: what an operator should hear of.
  ///   - show: how words for an operator are shown.
  package init(
    _ settings: RelaySettings, _ control: RunControl, _ board: StatusBoard, log: Logger,
    show: @escaping @Sendable (Wording) -> String
  ) {
    (self.settings, self.control, self.board, self.log, self.show) = (settings, control, board, log, show)
  }

  /// Runs until the end that was asked for, a request to stop, or an error that cannot heal. Blocks its thread.
  package func run() throws(Failure) -> RelayOutcome {
    var replication: ReplicationSettings?
    if settings.polling == nil {
      replication = try settings.source.replication(tables: settings.outbox.tableNames())
      replication?.wantsSnapshot = settings.initialRows
    }
    let patience = Patience(
      retries: settings.retries, isCancelled: { [control] in control.isStopRequested },
      onWait: { [log, show] in log.warning("\($0.text(show)); trying again") })
    let hook = try settings.contracts.makeHook(
      for: settings.sink, patience, tell: { [log] in log.warning("\($0)") })
    let deadLetters = try makeOffice()
    var configuration = try settings.configuration()
    configuration.show = show
    configuration.payloadHook = hook
    let drainTimeout = settings.drainTimeout.duration
    configuration.cleaner = try settings.cleanUp.makeCleaner(
      settings.outbox, database: settings.source.database,
      isCancelled: { [control] in control.isStopRequested(since: drainTimeout) })
    configuration.tell = { [log, show] notice in log.log(level: notice.level, "\(show(notice.words))") }
    let initialRows = try initialRowsRequest()
    configuration.initialRows = initialRows?.desk
    let poll = try pollRequest(configuration.cleaner)
    configuration.polling = poll?.desk
    settings.sink.watchReader { [control] in control.stop() }
    try settings.sink.checkDestination(isCancelled: { [control] in control.isStopRequested }) {
      warn(Wording("\($0.text(show)); trying again"))
    }
    var relay = Relay(configuration, deadLetters: deadLetters, control: control, board: board, log: log)
    let makeSink: (StreamIdentity) throws(Failure) -> any Sink = { (identity) throws(Failure) in
      for warning in settings.sink.warnings { warn(warning) }
      return try settings.sink.make(
        identity, settings.outbox.envelope, deadLetters, encoding: hook?.encoding,
        isStandby: settings.source.waitForSlot, onNotice: warn)
    }
    if let poll, poll.keepsRows {
      return try relay.run(open: { (_) throws(Failure) in try openKept(poll) }, sink: makeSink)
    }
    if let poll { return try relay.run(open: { (_) throws(Failure) in try open(poll) }, sink: makeSink) }
    guard var replication else { throw Failure(.internal, "there is nothing to read") }
    return try relay.run(
      open: { (request) throws(Failure) in RowsFirst(try open(&replication, request), initialRows) }, sink: makeSink)
  }

  private func warn(_ words: Wording) { log.warning("\(show(words))") }

  private func initialRowsRequest() throws(Failure) -> InitialRowsRequest? {
    guard settings.initialRows else { return nil }
    return InitialRowsRequest(
      database: settings.source.database, tables: try settings.outbox.tableNames(),
      time: settings.outbox.timeNames, mark: settings.cleanUp.mark, removes: settings.cleanUp.afterDelivery == .delete,
      slot: settings.source.slot, publications: [settings.source.publication],
      desk: InitialRowsDesk(acceptsGap: settings.acceptGap),
      isCancelled: { [control] in control.isStopRequested },
      tell: { [log, show] in log.info("\(show($0))") }, warn: { [log, show] in log.warning("\(show($0))") })
  }

  private func pollRequest(_ cleaner: (any RowCleaner)?) throws(Failure) -> PollRequest? {
    guard let polling = settings.polling, let table = try settings.outbox.tableNames().first else { return nil }
    var clean: (@Sendable ([String]) throws(Failure) -> Void)?
    if let cleaner {
      clean = { (ids) throws(Failure) in _ = try cleaner.clean(DeliveredRows(outbox: 1, table: nil, ids: ids)) }
    }
    return PollRequest(
      database: settings.source.database, table: table, columns: RowColumns(settings.outbox), order: polling.orderBy,
      mark: settings.cleanUp.mark, interval: polling.interval.duration, endsWhenEmpty: polling.endsWhenEmpty,
      desk: PollDesk(), clean: clean,
      isCancelled: { [control, board] in
        board.touch()
        return control.isStopRequested
      }, warn: { [log, show] in log.warning("\(show($0))") })
  }

  private func open(_ request: PollRequest) throws(Failure) -> PollSource {
    let source = try PollSource(request)
    log.info("\(show(source.words))")
    return source
  }

  private func openKept(_ request: PollRequest) throws(Failure) -> KeptRowsSource {
    let source = try KeptRowsSource(request)
    log.info("\(show(source.words))")
    return source
  }

  private func makeOffice() throws(Failure) -> DeadLetterOffice {
    let drainTimeout = settings.drainTimeout.duration
    return try settings.poison.makeOffice(
      of: settings.polling == nil ? settings.source.slot : nil, database: settings.source.database, sink: settings.sink,
      retries: settings.retries,
      isCancelled: { [control] in control.isStopRequested(since: drainTimeout) },
      onWait: { [log, show] in log.warning("\($0.text(show)); trying again") },
      onNotice: { [log, show] in log.warning("\(show($0))") })
  }

  private func open(
    _ replication: inout ReplicationSettings, _ request: Relay.Request
  ) throws(Failure) -> ReplicationStream {
    if request.wholeTransactions { replication.streaming = .off }
    let stream = try SlotContention.open(
      replication, isFirst: request.isFirst, isCancelled: request.isCancelled,
      onWait: { [log] in
        log.notice("another client has the slot; waiting until it is released")
        request.onTaken()
      })
    log.info(
      "streaming from slot \(replication.slot), confirmed up to \(stream.confirmedFlush), server \(stream.serverVersion), \(stream.transport)"
    )
    if let warning = stream.warning { warn(warning) }
    return stream
  }
}
