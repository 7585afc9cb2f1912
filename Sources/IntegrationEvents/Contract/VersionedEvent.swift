// SPDX-License-Identifier: Apache-2.0

/// An integration event as a service declares it: part of its public contract, so that each version of it is a type of its own.
///
///     struct OrderPlacedV2: VersionedEvent {
///       static let type = "OrderPlaced"
///       static let version = 2
///       var key: String { orderID }
///       let orderID: String
///       let cents: Int
///     }
public protocol VersionedEvent: Codable, Sendable {
  /// What it is called, the same for all versions: the CloudEvents `type`.
  static var type: String { get }
  /// Which version of its data this is, from 1: the attribute `dataversion`.
  static var version: Int { get }
  /// What its order is kept within, such as the aggregate's id: the attribute `partitionkey`.
  var key: String { get }
}
