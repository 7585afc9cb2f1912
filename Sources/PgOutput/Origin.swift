// SPDX-License-Identifier: Apache-2.0

import Octets
public import PostgresWire

/// The transaction was replicated into this server from elsewhere.
public struct Origin: Hashable, Sendable {
  /// The commit's position on the server of origin.
  public let commitLSN: LSN
  /// The name of the origin.
  public let name: String

  static func decode(from bytes: inout RawSpan) throws(LayoutError) -> Origin {
    Origin(commitLSN: try bytes.readLSN(), name: try bytes.readString())
  }
}
