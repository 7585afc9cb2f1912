// SPDX-License-Identifier: Apache-2.0

public import Delivery
import Operations
public import PostgresWire

/// What happens to events that cannot be delivered, and to rows that cannot become events.
public struct PoisonSettings: Hashable, Sendable {
  /// What to do.
  public enum Policy: String, CaseIterable, Hashable, Sendable {
    /// End with an error.
    case stop
    /// Keep it as a dead letter and go on.
    case deadLetter = "dead-letter"
  }

  /// What to do. Default: stop.
  public var policy = Policy.stop
  /// Where dead letters go.
  public var deadLetters: LetterPlace?
  /// Park the later events of a key behind its first dead letter. Default: no.
  public var parkKey = false

  /// Makes settings with the defaults.
  public init() {}

  /// Refuses what does not go together.
  public func validate() throws(Failure) {
    guard (policy == .deadLetter) == (deadLetters != nil) else {
      throw .setting(
        "poison.on-poison",
        "\(setting: "on-poison", "dead-letter") and \(setting: "dead-letters") go together, such as "
          + "\(setting: "dead-letters", "file:PATH"), a file for each relay")
    }
    guard !parkKey || deadLetters != nil else {
      throw .setting("poison.park-key", "needs \(setting: "dead-letters")")
    }
    guard !parkKey || deadLetters?.isReadable ?? false else {
      throw .setting("poison.park-key", "needs letters that can be read: in a file or a table")
    }
  }

  /// Makes the office that keeps letters, or stops.
  ///
  /// - Parameters:
  ///   - slot: the slot that the events come from: several relays may keep letters in one place.
  ///   - database: a connection string of libpq's, for letters in a table.
  ///   - sink: where events go, for letters at the same broker.
  ///   - retries: whether the letters' place is tried again when it cannot be used.
  ///   - isCancelled: asked now and then while the letters' place cannot be used: true gives up.
  ///   - onWait: told each time it will be tried again.
  ///   - onNotice: told what an operator should know of how the letters' place was found.
  public func makeOffice(
    of slot: String? = nil, database: String, sink: SinkSettings, retries: Bool = true,
    isCancelled: @escaping @Sendable () -> Bool = { false },
    onWait: @escaping @Sendable (Failure) -> Void = { _ in },
    onNotice: @escaping @Sendable (Wording) -> Void = { _ in }
  ) throws(Failure) -> DeadLetterOffice {
    guard let deadLetters else { return DeadLetterOffice() }
    return DeadLetterOffice(
      try deadLetters.store(
        database: database, sink: sink, retries: retries, isCancelled: isCancelled, onNotice: onNotice),
      of: slot, parksKeys: parkKey, retries: retries, isCancelled: isCancelled, onWait: onWait)
  }
}

/// Where dead letters are kept.
public enum LetterPlace: Hashable, Sendable {
  /// A file, by its path.
  case file(String)
  /// A table.
  case table(TableName)
  /// A topic at the brokers that events go to.
  case topic(String)
  /// A queue at the broker that events go to.
  case queue(String)
  /// A stream at the server that events go to.
  case stream(String)
  /// A subject that a stream takes at the servers that events go to.
  case subject(String)

  /// Whether letters can be listed and redriven from there.
  public var isReadable: Bool {
    switch self {
    case .file, .table: true
    case .topic, .queue, .stream, .subject: false
    }
  }
}

extension LetterPlace: LosslessStringConvertible {
  /// Reads `file:PATH`, `table:SCHEMA.NAME`, `topic:NAME`, `queue:NAME`, `stream:NAME` or `subject:NAME`.
  public init?(_ text: String) {
    if text.hasPrefix("file:"), text.utf8.count > 5 {
      self = .file(String(text.dropFirst(5)))
    } else if text.hasPrefix("table:"), let name = TableName(String(text.dropFirst(6))) {
      self = .table(name)
    } else if text.hasPrefix("topic:"), text.utf8.count > 6 {
      self = .topic(String(text.dropFirst(6)))
    } else if text.hasPrefix("queue:"), (7...261).contains(text.utf8.count) {
      self = .queue(String(text.dropFirst(6)))
    } else if text.hasPrefix("stream:"), (8...1031).contains(text.utf8.count) {
      self = .stream(String(text.dropFirst(7)))
    } else if text.hasPrefix("subject:"), (9...1032).contains(text.utf8.count) {
      self = .subject(String(text.dropFirst(8)))
    } else {
      return nil
    }
  }

  /// As it is read.
  public var description: String {
    switch self {
    case .file(let path): "file:\(path)"
    case .table(let name): "table:\(name)"
    case .topic(let name): "topic:\(name)"
    case .queue(let name): "queue:\(name)"
    case .stream(let name): "stream:\(name)"
    case .subject(let name): "subject:\(name)"
    }
  }

  /// The store; a table is reached through a connection of its own, when there is something to do.
  ///
  /// - Parameters:
  ///   - database: a connection string of libpq's, for letters in a table.
  ///   - sink: where events go, for letters at the same broker.
  ///   - retries: whether whoever uses it tries again what may heal.
  ///   - isCancelled: asked now and then while something is waited for: true gives up.
  ///   - onNotice: told what an operator should know of how it was found.
  public func store(
    database: String, sink: SinkSettings? = nil, retries: Bool = false,
    isCancelled: @escaping @Sendable () -> Bool = { false },
    onNotice: @escaping @Sendable (Wording) -> Void = { _ in }
  ) throws(Failure) -> any DeadLetterStore {
    switch self {
    case .file(let path): return DeadLetterFile(path: path, isCancelled: isCancelled, onNotice: onNotice)
    case .table(let name):
      return DeadLetterTable(name, database: database, retries: retries, isCancelled: isCancelled)
    case .topic(let name):
      guard let sink else {
        throw .setting("poison.dead-letters", "letters in a topic are only written")
      }
      return try sink.letters(in: name, isCancelled)
    case .queue(let name):
      guard let sink else { throw .setting("poison.dead-letters", "letters in a queue are only written") }
      return try sink.letters(inQueue: name, isCancelled)
    case .stream(let name):
      guard let sink else { throw .setting("poison.dead-letters", "letters in a stream are only written") }
      return try sink.letters(inStream: name, isCancelled)
    case .subject(let name):
      guard let sink else { throw .setting("poison.dead-letters", "letters of a subject are only written") }
      return try sink.letters(ofSubject: name, isCancelled)
    }
  }
}
