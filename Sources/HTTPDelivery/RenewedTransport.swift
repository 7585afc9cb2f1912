import Files
import PostgresWire
import Synchronization

/// The transport of now: it is made anew when the files of its certificates have changed, which matters when the receiver
/// does not want those of before, and when nothing comes through any more.
final class RenewedTransport: Sendable {
  private struct State {
    var transport: HTTPTransport
    var files: [FileStatus]
  }

  private let configuration: HTTPConfiguration
  private let address: HTTPAddress
  private let state: Mutex<State>

  init(_ configuration: HTTPConfiguration, _ address: HTTPAddress) throws(Failure) {
    self.configuration = configuration
    self.address = address
    let files = Self.files(configuration)
    state = Mutex(State(transport: try HTTPTransport(configuration, address), files: files))
  }

  /// Requests that are under way go on with the one before, which closes its connections behind the last of them.
  var current: HTTPTransport {
    state.withLock { state in
      if state.transport.isStale, let transport = try? HTTPTransport(configuration, address) {
        state.transport = transport
      }
      return state.transport
    }
  }

  /// Whether another attempt may fare better than one by a transport did, because there is a newer one now, or will be.
  func renew(_ used: HTTPTransport) -> Bool {
    state.withLock { state in
      guard state.transport === used else { return true }
      let files = Self.files(configuration)
      let isSame = files.elementsEqual(state.files) { $0.isSameFile(as: $1) && $0.changed == $1.changed }
      guard !isSame else { return false }
      // While only one of two files has been replaced they do not fit: the next attempt looks again.
      if let transport = try? HTTPTransport(configuration, address) {
        state.transport = transport
        state.files = files
      }
      return true
    }
  }

  /// Closes the connections; requests that are under way fail.
  func close() { state.withLock(\.transport).close() }

  private static func files(_ configuration: HTTPConfiguration) -> [FileStatus] {
    [configuration.authorityFile, configuration.clientCertificate?.certificate, configuration.clientCertificate?.key]
      .compactMap { $0.flatMap { try? FileStatus(path: $0) } }
  }
}
