// SPDX-License-Identifier: Apache-2.0

public import PostgresWire
public import Relay

/// All that can be set for one relay: plain values, without anything that is open or running.
public struct RelaySettings: Hashable, Sendable {
  /// Which stream is read.
  public var source = SourceSettings()
  /// How the table is polled instead of a stream. Default: it is not.
  public var polling: PollSettings?
  /// How rows become events.
  public var outbox = OutboxSettings()
  /// What events are held to before they leave.
  public var contracts = ContractSettings()
  /// Where events go.
  public var sink = SinkSettings()
  /// What happens to what cannot be delivered.
  public var poison = PoisonSettings()
  /// What becomes of rows after delivery.
  public var cleanUp = CleanUpSettings()
  /// Where rows of transactions in progress wait.
  public var spool = SpoolConfiguration()
  /// Where it tells how it is getting on.
  public var admin = AdminSettings()
  /// Where to stop. Default: nowhere.
  public var until: RelayConfiguration.End?
  /// The file of a confirmed position of our own. Default: none.
  public var checkpoint: String?
  /// Go on although the slot is ahead of what was confirmed here. Default: no.
  public var acceptGap = false
  /// Whether the rows come first that the outbox held when the slot was made. Default: no.
  public var initialRows = false
  /// How long a stop waits for the sink. Default: 30 s.
  public var drainTimeout = TimeSpan(.seconds(30))
  /// Whether to connect again when the connection fails in a way that may heal. Default: yes.
  public var retries = true

  /// Makes settings with the defaults.
  public init() {}

  /// Refuses what cannot work, before anything is opened.
  public func validate() throws(Failure) {
    _ = try outbox.configuration()
    try contracts.validate()
    try sink.validate(outbox.envelope)
    try contracts.validateEncoding(sink)
    try poison.validate()
    if poison.parkKey, !(try sink.place().answers) {
      throw .setting(
        "poison.park-key",
        "needs a receiver or a broker: into a file or to stdout, later events of a key would go on past the letter")
    }
    try cleanUp.validate(with: outbox)
    if case .topic(let topic) = poison.deadLetters { _ = try sink.letters(in: topic, { true }) }
    if case .queue(let queue) = poison.deadLetters { try sink.validateLetters(inQueue: queue) }
    if case .stream = poison.deadLetters { _ = try sink.redisAddress() }
    if case .subject(let subject) = poison.deadLetters { try sink.checkLetters(ofSubject: subject) }
    try validateFiles()
    try admin.validate()
    if initialRows { try validateInitialRows() }
    if let polling {
      try polling.validate(with: outbox, cleanUp, checkpoint: checkpoint)
      try sink.validatePolling()
    }
    guard source.temporarySlot else { return }
    if source.waitForSlot {
      throw .setting(
        "source.temporary-slot", "goes with the connection, so there is nothing to wait for (wait-for-slot)")
    }
    if checkpoint != nil { throw .setting("checkpoint", "a temporary slot has no position that could be kept") }
  }

  private func validateInitialRows() throws(Failure) {
    let path = "initial-rows"
    guard try !outbox.tableNames().isEmpty else {
      throw .setting(path, "logical messages are in no table; it needs \(setting: "table")")
    }
    if source.temporarySlot { throw .setting(path, "a temporary slot has no snapshot of its beginning") }
    if outbox.acceptRowFilter {
      throw .setting(
        path, "nobody knows which rows of the table a row filter takes out (\(setting: "accept-row-filter"))")
    }
    if checkpoint != nil { return }
    if case .file = try sink.place() { return }
    throw .setting(path, "nothing there keeps how far they have come; it needs \(setting: "checkpoint")")
  }

  /// The relay's own configuration.
  public func configuration() throws(Failure) -> RelayConfiguration {
    var configuration = RelayConfiguration(mapping: try outbox.configuration())
    configuration.envelope = outbox.envelope
    configuration.end = until
    configuration.checkpoint = checkpoint
    configuration.acceptsGap = acceptGap
    configuration.takesTurns = source.waitForSlot
    configuration.retries = retries && !source.temporarySlot
    configuration.canReopen = !source.temporarySlot
    configuration.drainTimeout = drainTimeout.duration
    configuration.spool = spool
    return configuration
  }
}
