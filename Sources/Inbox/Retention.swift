// SPDX-License-Identifier: Apache-2.0

/// How long it is known that an event was handled.
///
/// The rule: at least as long as the same event may come again. Behind tailrace that is the longest of: how long the receiver may be
/// down and the log wait for it; how long a dead letter may lie before it is redriven; how far back a slot or a backup may be set. An
/// event that comes again after its record was removed would be handled again.
public struct Retention: Hashable, Sendable {
  /// How long records stay, in whole seconds, rounded up.
  public let seconds: Int64

  /// Throws when records would go before the last redelivery may come, or within a day.
  public init(_ time: Duration, longestRedelivery: Duration) throws(InboxSettingError) {
    // A thousand years, so that no sum overflows.
    guard time >= longestRedelivery, time >= .seconds(86_400), time <= .seconds(31_557_600_000) else {
      throw .retention
    }
    // Up, so that no record goes early.
    seconds = time.components.seconds + (time.components.attoseconds > 0 ? 1 : 0)
  }
}
