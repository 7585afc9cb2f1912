// SPDX-License-Identifier: Apache-2.0

/// Why something cannot be done: what, where, and what an operator can do about it.
///
/// Never carries row values or secrets. Settings and commands in it are data, so that libraries name no flags.
public struct Failure: Error, Hashable, Sendable {
  /// Where in a stream.
  public struct Place: Hashable, Sendable {
    /// The position in the log.
    public var lsn: LSN?
    /// The replication slot.
    public var slot: String?
    /// The publication.
    public var publication: String?
    /// PostgreSQL's error code, where it sent one.
    public var sqlState: String?
    /// The setting that is wrong, such as `sink.http.batch-size`.
    public var setting: String?

    /// Makes a place of what is known.
    public init(lsn: LSN? = nil, slot: String? = nil, publication: String? = nil, sqlState: String? = nil) {
      self.lsn = lsn
      self.slot = slot
      self.publication = publication
      self.sqlState = sqlState
    }
  }

  /// The kind, which decides whether trying again helps, the exit code, and where the manual speaks of it.
  public var kind: FailureKind
  /// What happened.
  public var what: Wording
  /// What can be done about it; nil where nothing can be said that the text does not say.
  public var advice: Wording?
  /// Where it happened.
  public var place: Place

  /// Makes a failure; without advice of its own it has its kind's.
  public init(
    _ kind: FailureKind, _ what: Wording, advice: Wording? = nil, sqlState: String? = nil, lsn: LSN? = nil
  ) {
    self.kind = kind
    self.what = what
    self.advice = advice ?? kind.advice
    place = Place(lsn: lsn, sqlState: sqlState)
  }

  /// A setting that cannot be used, by its path.
  public static func setting(_ path: String, _ what: Wording) -> Failure {
    var failure = Failure(.settings, what)
    failure.place.setting = path
    return failure
  }

  /// PostgreSQL's error code, where it sent one.
  public var sqlState: String? { place.sqlState }

  /// Whether the same attempt may succeed later.
  public var isRetryable: Bool { kind.isRetryable }

  /// One line: the place, what happened and what to do.
  public var words: Wording {
    let setting = place.setting.map { "\($0): " } ?? ""
    let lsn = place.lsn.map { "LSN \($0): " } ?? ""
    let state = place.sqlState.map { " (SQLSTATE \($0))" } ?? ""
    return "\(setting)\(lsn)\(what)\(state)" + (advice.map { "; \($0)" } ?? "")
  }

  /// One line, as `render` shows words.
  public func text(_ render: (Wording) -> String) -> String { render(words) }
}

extension Failure: CustomStringConvertible {
  /// One line.
  public var description: String { text(\.description) }
}
