import ArgumentParser
import Capture
import Delivery
import Glibc
import PostgresWire
import Relay
import Replication

/// What errors mean to whoever started the program: sysexits numbers.
enum ExitStatus: Int32 {
  case usage = 64
  case badData = 65
  case unavailable = 69
  case `internal` = 70
  case cannotCreate = 73
  case outputFailed = 74
  case permission = 77
  case configuration = 78

  init(_ error: any Error) {
    switch error {
    case let error as StreamError: self.init(error.kind)
    case let error as RelayError: self.init(error)
    case let error as SinkError: self.init(error.kind)
    case let error as CaptureError: self = error.kind == .cannotCreate ? .cannotCreate : .outputFailed
    case Recorder.Failure.stream(let error): self.init(error)
    case Recorder.Failure.capture(let error): self.init(error)
    default: self = .internal
    }
  }

  private init(_ error: RelayError) {
    switch error {
    case .stream(let error): self.init(error.kind)
    case .frame, .message, .protocolViolation, .outbox: self = .badData
    case .sink(let error): self.init(error.kind)
    case .spool: self = .outputFailed
    }
  }

  private init(_ kind: StreamError.Kind) {
    switch kind {
    case .usage: self = .usage
    case .badData: self = .badData
    case .unavailable: self = .unavailable
    case .internal: self = .internal
    case .permission: self = .permission
    case .configuration: self = .configuration
    }
  }

  private init(_ kind: SinkError.Kind) {
    switch kind {
    case .readerGone, .writeFailed: self = .outputFailed
    case .cannotCreate: self = .cannotCreate
    case .wrongStream, .misconfigured: self = .configuration
    case .closed: self = .unavailable
    case .refused: self = .badData
    }
  }
}

/// Runs a command's body; an error becomes one line on standard error and the exit code that stands for it.
func reportingErrors(_ body: () throws -> Void) throws {
  do {
    try body()
  } catch let error as ValidationError {
    throw error
  } catch let error as ExitCode {
    throw error
  } catch {
    let text =
      switch error {
      case let error as SinkError: error.message
      case let error as CaptureError: error.message
      case Recorder.Failure.stream(let error): "\(error)"
      case Recorder.Failure.capture(let error): error.message
      default: "\(error)"
      }
    say("error: \(text)")
    if let error = error as? StreamError, error.kind == .usage { say("see tailrace --help") }
    throw ExitCode(ExitStatus(error).rawValue)
  }
}

/// Writes a line to standard error, whole.
func say(_ text: String) {
  let bytes = Array("tailrace: \(text)\n".utf8)
  _ = unsafe bytes.withUnsafeBytes { unsafe write(2, $0.baseAddress, $0.count) }
}
