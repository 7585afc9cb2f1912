// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Delivery
import Glibc
import IntegrationEvents
import Operations
import PostgresWire
import Settings

/// Where dead letters are.
struct LetterStoreOptions: ParsableArguments {
  @OptionGroup var configured: ConfigurationOptions
  @OptionGroup var connection: ConnectionOptions

  @Option(help: ArgumentHelp("Where the letters are: file:PATH or table:SCHEMA.NAME.", valueName: "place"))
  var deadLetters: LetterPlace

  @Option(
    help: ArgumentHelp("Only those of the relay of a slot, and those that tell nothing of theirs.", valueName: "name"))
  var slot: String?

  /// What is asked for, of that relay.
  func narrowed(_ query: LetterQuery) -> LetterQuery {
    var query = query
    query.slot = slot
    return query
  }

  func validate() throws {
    guard deadLetters.isReadable else {
      throw ValidationError(
        "--dead-letters: letters at a broker are only written; read them with a consumer, such as kcat for a topic, rabbitmqadmin for a queue, redis-cli for a stream, nats for a subject"
      )
    }
  }

  /// Does something with the store, where removing letters cleans up their rows.
  func use(
    cleaning cleanUp: LetterCleanUpOptions, retries: Bool = false,
    isCancelled: @escaping @Sendable () -> Bool = { false }, _ body: (any DeadLetterStore) throws -> Void
  ) throws {
    try use(retries: retries, isCancelled: isCancelled) { letters in
      let cleaning = try CleaningLetters(
        letters, cleanUp.rows.settings, cleanUp.outbox, database: connection.resolved, isCancelled: isCancelled)
      try cleaning?.checkRemoval()
      try body(cleaning ?? letters)
    }
  }

  /// Does something with the store; says what its connection is to be warned of.
  ///
  /// - Parameter retries: whether what may heal is tried again.
  func use(
    retries: Bool = false, isCancelled: @escaping @Sendable () -> Bool = { false },
    _ body: (any DeadLetterStore) throws -> Void
  ) throws {
    if case .file(let path) = deadLetters, unsafe access(path, F_OK) != 0, errno == ENOENT {
      throw Failure(
        .lettersMissing, "there is no file \(path)",
        advice: "name the one that the stream has; it is made with the first dead letter")
    }
    let store = try deadLetters.store(
      database: connection.resolved, retries: retries, isCancelled: isCancelled,
      onNotice: { say("warning: \(Flags.text($0))") })
    defer {
      if let warning = (store as? DeadLetterTable)?.warning { say("warning: \(Flags.text(warning))") }
    }
    try body(store)
  }
}

/// Which dead letters: those that have all that is named.
struct LetterFilter: ParsableArguments {
  @Option(help: ArgumentHelp("Those of an aggregate id.", valueName: "key"))
  var key: String?

  @Option(help: ArgumentHelp("Those of an aggregate type.", valueName: "type"))
  var aggregateType: String?

  @Option(help: ArgumentHelp("The one of an event id.", valueName: "id"))
  var id: String?

  @Option(help: ArgumentHelp("Those of an event type.", valueName: "type"))
  var type: String?

  @Option(help: ArgumentHelp("Those whose reason has these words.", valueName: "words"))
  var reason: String?

  @Option(help: ArgumentHelp("Those that became letters since a time such as 2026-01-31T12:00:00Z.", valueName: "time"))
  var since: LetterTime?

  @Option(help: ArgumentHelp("Those that became letters before a time.", valueName: "time"))
  var before: LetterTime?

  func validate() throws {
    // Every letter has nothing in it somewhere: a variable that is not set must not mean all of them.
    for (flag, value) in [
      ("--key", key), ("--aggregate-type", aggregateType), ("--id", id), ("--type", type), ("--reason", reason),
    ] where value == "" {
      throw ValidationError("\(flag): it is empty")
    }
    if let since, let before, since.seconds > before.seconds {
      throw ValidationError("--since: it is later than --before")
    }
  }

  var isEmpty: Bool { query == LetterQuery() }

  var query: LetterQuery {
    var query = LetterQuery(key: key, aggregateType: aggregateType, id: id)
    query.type = type
    query.reason = reason
    if since != nil || before != nil { query.times = (since?.seconds ?? .min)..<(before?.seconds ?? .max) }
    return query
  }
}

/// Which dead letters something is to be done with: it must be said.
struct LetterSelection: ParsableArguments {
  @OptionGroup var filter: LetterFilter

  @Flag(help: "All of them.")
  var all = false

  func validate() throws {
    guard filter.isEmpty == all else {
      throw ValidationError("say which: --key, --aggregate-type, --id, --type, --reason, --since or --before, or --all")
    }
  }

  var query: LetterQuery { filter.query }
}

/// A time as RFC 3339 writes it.
struct LetterTime: ExpressibleByArgument, Hashable {
  let seconds: Int64

  init?(argument: String) {
    let bytes = Array(argument.utf8)
    guard let time = unsafe EventTime.parse(bytes.span.bytes, 0..<bytes.count) else { return nil }
    seconds = time.unixMicroseconds / 1_000_000
  }
}

/// A place in the order of letters.
struct LetterPosition: ExpressibleByArgument, Hashable {
  let position: EventPosition

  init?(argument: String) {
    guard let position = EventPosition(sequence: argument) else { return nil }
    self.position = position
  }
}
