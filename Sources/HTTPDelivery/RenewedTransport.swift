// SPDX-License-Identifier: Apache-2.0

import Connections
package import PostgresWire
import Synchronization

/// The transport of now: it is made anew when the files of its certificates have changed, which matters when the receiver
/// does not want those of before, and when nothing comes through any more.
package final class RenewedTransport: Sendable {
  private let configuration: HTTPConfiguration
  private let address: HTTPAddress
  private let proxy: HTTPAddress?
  private let certificates: WatchedCertificates
  private let hasFiles: Bool
  private let transport: Mutex<HTTPTransport>

  package init(_ configuration: HTTPConfiguration, _ address: HTTPAddress) throws(Failure) {
    self.configuration = configuration
    self.address = address
    let proxy = try configuration.proxy.proxy(before: address)
    self.proxy = proxy
    certificates = try WatchedCertificates(
      authorityFile: configuration.authorityFile, clientCertificate: configuration.clientCertificate,
      minimum: configuration.minimumTLS.ofLibrary)
    hasFiles = certificates.isNamed
    transport = Mutex(HTTPTransport(configuration, address, through: proxy, certificates.current))
  }

  /// Requests that are under way go on with the one before, which closes its connections behind the last of them.
  package var current: HTTPTransport {
    transport.withLock { transport in
      if hasFiles, certificates.isStale { _ = look(&transport) }
      if transport.isStale { replace(&transport) }
      return transport
    }
  }

  /// What to add to a trouble: that a proxy stands between, which is not of the address that was given.
  package var way: String { proxy.map { " (through the proxy \($0.host), port \($0.port))" } ?? "" }

  /// What is wrong with which file since it has changed.
  package var complaints: [String: String] { hasFiles ? certificates.complaints : [:] }

  /// Whether another attempt may fare better than one by a transport did, because there is a newer one now, or will be.
  package func renew(_ used: HTTPTransport) -> Bool {
    transport.withLock { transport in
      guard transport === used else { return true }
      return look(&transport)
    }
  }

  /// Whether the files are others than were read. While only one of two has been replaced they do not fit: what was before is
  /// used, and the next attempt looks again.
  private func look(_ transport: inout HTTPTransport) -> Bool {
    let change = certificates.look()
    if change == .renewed { replace(&transport) }
    return change != .none
  }

  private func replace(_ transport: inout HTTPTransport) {
    transport = HTTPTransport(configuration, address, through: proxy, certificates.current)
  }

  /// Closes the connections; requests that are under way fail.
  package func close() { transport.withLock { $0 }.close() }
}
