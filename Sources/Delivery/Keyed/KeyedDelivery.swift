// SPDX-License-Identifier: Apache-2.0

/// How a sink that keeps order by key delivers.
public struct KeyedDelivery: Hashable, Sendable {
  /// The most attempts at once; how many there really are follows the receiver. Default: 64.
  public var maximumInFlight = 64
  /// How many bytes of events other keys may run ahead of the first event that is not delivered, and hence how much may come
  /// again after a crash. Default: 1 MiB.
  public var inFlightBytes = 1 << 20
  /// The most events in one attempt. Default: 1.
  public var attemptEvents = 1
  /// The most bytes in one attempt of several events. Default: 1 MiB.
  public var attemptBytes = 1 << 20
  /// Whether an attempt has no two events of a key: where a part of one can fail, the later could be stored before the earlier.
  /// Default: no.
  public var isOneOfEachKey = false
  /// How long an attempt that is not full may wait for more events, if it can hold several. Default: 5 ms.
  public var linger: Duration = .milliseconds(5)
  /// How long an event may wait here, from when it was handed over, before a failure is the last one for it. Default: without
  /// end.
  public var maximumAge: Duration?
  /// What goes one after another whatever its key: events of the same name. Nil, the default: the events of each key.
  public var lane: Route?
  /// How long to wait before trying again, and how often to try.
  public var retry = RetryPolicy()

  /// Makes a value with the defaults.
  public init() {}
}
