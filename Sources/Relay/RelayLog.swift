// SPDX-License-Identifier: Apache-2.0

public import Logging
public import PostgresWire

/// Something that an operator should hear of.
public struct Notice: Hashable, Sendable {
  /// How loud to say it.
  public let level: Logger.Level
  /// What it is, with settings and commands as data.
  public let words: Wording
}

/// How a relay speaks: what an operator should hear of is handed to whoever runs it; where nobody listens, it is logged at
/// `debug`, as what only a developer wants to know is at `trace`.
struct RelayLog: Sendable {
  let logger: Logger
  var show: @Sendable (Wording) -> String = { "\($0)" }
  let tell: (@Sendable (Notice) -> Void)?
  var board: StatusBoard?

  func warning(_ words: Wording) { say(.warning, words) }

  func notice(_ words: Wording) { say(.notice, words) }

  func info(_ words: Wording) { say(.info, words) }

  /// A step of the relay's own.
  func trace(_ step: String, _ identity: StreamIdentity) {
    logger.trace("\(step)", metadata: ["slot": "\(identity.slot)", "publication": "\(identity.publication)"])
  }

  private func say(_ level: Logger.Level, _ words: Wording) {
    board?.keep(level, show(words))
    if let tell { return tell(Notice(level: level, words: words)) }
    logger.debug("\(show(words))", metadata: ["loudness": "\(level)"])
  }
}
