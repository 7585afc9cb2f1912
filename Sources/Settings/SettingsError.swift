public import PostgresWire

/// A setting that cannot be used.
public struct SettingsError: Error, Hashable, Sendable {
  /// Where it stands, such as `sink.http.batch-size`.
  public let path: String
  /// What is wrong with it and what would be right.
  public let message: Advice

  /// Makes an error.
  public init(_ path: String, _ message: Advice) {
    self.path = path
    self.message = message
  }
}

extension SettingsError: CustomStringConvertible {
  /// One line.
  public var description: String { "\(path): \(message)" }
}
