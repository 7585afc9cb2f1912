// SPDX-License-Identifier: Apache-2.0

public import Octets

/// Reading the protocol's own values from the front of a span.
extension RawSpan {
  @inlinable
  package mutating func readLSN() throws(LayoutError) -> LSN { LSN(rawValue: try readInteger(UInt64.self)) }

  @inlinable
  package mutating func readTimestamp() throws(LayoutError) -> PostgresTimestamp {
    PostgresTimestamp(rawValue: try readInteger(Int64.self))
  }
}
