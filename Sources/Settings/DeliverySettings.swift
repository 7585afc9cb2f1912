// SPDX-License-Identifier: Apache-2.0

import Delivery
public import PostgresWire

/// How events are handed to whoever answers for them, a receiver or a broker.
public struct DeliverySettings: Hashable, Sendable {
  /// The most attempts at once. Default: 64.
  public var maxInFlight = 64
  /// How often an event is tried before it is given up. Default: without end.
  public var maxAttempts: Int?
  /// How long an event may wait before a failure is the last one for it. Default: without end.
  public var maxAge: TimeSpan?
  /// How many bytes of events other keys may run ahead of the first that is not delivered. Default: 1 MiB, for brokers 8 MiB.
  public var inFlightBytes: ByteSize?

  /// Makes settings with the defaults.
  public init() {}

  /// Refuses what cannot work.
  public func validate() throws(Failure) {
    guard (1...10_000).contains(maxInFlight) else { throw .setting("sink.max-in-flight", "from 1 to 10000") }
    guard maxAttempts.map({ $0 > 0 }) ?? true else { throw .setting("sink.max-attempts", "at least 1") }
  }

  /// How a sink that keeps the order of keys delivers.
  ///
  /// - Parameter standard: how many bytes may be in flight where nothing is said.
  func keyed(inFlight standard: Int = 1 << 20) -> KeyedDelivery {
    var delivery = KeyedDelivery()
    delivery.maximumInFlight = maxInFlight
    delivery.retry.maximumAttempts = maxAttempts
    delivery.maximumAge = maxAge?.duration
    delivery.inFlightBytes = inFlightBytes.map { Int($0.bytes) } ?? standard
    return delivery
  }
}
