// SPDX-License-Identifier: Apache-2.0

import Connections
import Synchronization

/// Servers of a cluster that one of them has told of. They are no less to be trusted than those of the address: where TLS is spoken
/// they have to show the certificate of the host that told of them, and where all of the address is this machine, so are they.
final class LearnedHosts: Sendable {
  private let isSecure: Bool
  private let staysHere: Bool
  private let change = Mutex<(@Sendable ([BrokerHost]) -> Void)?>(nil)

  init(isSecure: Bool, staysHere: Bool) { (self.isSecure, self.staysHere) = (isSecure, staysHere) }

  /// Says who wants to know of them.
  func onChange(_ change: @escaping @Sendable ([BrokerHost]) -> Void) { self.change.withLock { $0 = change } }

  /// Takes what a host has told.
  @Sendable
  func take(from teller: BrokerHost, _ places: [String]) {
    // An address has a certificate for itself alone.
    guard !isSecure || !BrokerHost.isAddress(teller.certifiedName) else { return }
    let hosts = places.compactMap { text -> BrokerHost? in
      guard let place = try? HostAndPort(text[...]), place.isLoopback || !staysHere || isSecure else { return nil }
      return BrokerHost(
        name: place.host, port: place.port ?? NATSAddress.port, certifiedName: isSecure ? teller.certifiedName : nil)
    }
    change.withLock { $0 }?(hosts)
  }
}
