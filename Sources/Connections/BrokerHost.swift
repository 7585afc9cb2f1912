// SPDX-License-Identifier: Apache-2.0

/// A broker, or a node of one.
package struct BrokerHost: Hashable, Sendable {
  package let name: String
  package let port: Int
  /// Whose certificate has to be shown there: its own name, or that of the host that has told of it.
  package let certifiedName: String

  package init(name: String, port: Int, certifiedName: String? = nil) {
    (self.name, self.port, self.certifiedName) = (name, port, certifiedName ?? name)
  }
}
