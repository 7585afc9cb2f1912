public import Delivery
public import Octets
public import Outbox
public import PgOutput
public import PostgresWire

/// Why a relay ended otherwise than as it was asked to.
public enum RelayError: Error, Hashable, Sendable {
  /// The source failed.
  case stream(StreamError)
  /// A frame of the replication protocol could not be read.
  case frame(LayoutError)
  /// A message of the plugin could not be read, at this position.
  case message(DecodeError, LSN)
  /// The stream's own order is broken.
  case protocolViolation(String, LSN)
  /// A row or message cannot become an event.
  case outbox(OutboxError)
  /// The sink failed.
  case sink(SinkError)
  /// The rows of a transaction in progress cannot be kept until its commit.
  case spool(String)
}

extension RelayError: CustomStringConvertible {
  /// One line: what, where, and what to do.
  public var description: String {
    switch self {
    case .stream(let error): "\(error)"
    case .frame(let error): "replication frame: \(error)"
    case .message(let error, let lsn): "LSN \(lsn): \(error)"
    case .protocolViolation(let what, let lsn): "LSN \(lsn): \(what)"
    case .outbox(let error): "\(error)"
    case .sink(let error): error.message
    case .spool(let what): "spool of transactions in progress: \(what)"
    }
  }
}
