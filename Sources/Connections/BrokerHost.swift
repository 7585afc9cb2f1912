// SPDX-License-Identifier: Apache-2.0

/// A broker, or a node of one.
package struct BrokerHost: Hashable, Sendable {
  package let name: String
  package let port: Int

  package init(name: String, port: Int) { (self.name, self.port) = (name, port) }
}
