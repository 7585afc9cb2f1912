// SPDX-License-Identifier: Apache-2.0

/// How long to pause under a backlog: so long that what gathers is worth the reads that follow.
///
/// With a server on the same machine, that is several times the receive window, which is kept small for it: what finds no
/// room there waits in the server's own buffer, which takes megabytes, and is sent in large pieces when we read on.
/// Elsewhere that buffer may be small, and waiting would hold the server up.
struct AdaptivePause: Hashable, Sendable {
  /// What the system is asked to keep of the receive window. It doubles that, and at least half of the result holds data,
  /// which is the largest segment within a machine: below it, a sender waits for a timer.
  static let window: Int32 = 65_536
  private static let shortest = 50.0

  let isWindowSmall: Bool
  /// How many bytes should gather.
  private let wanted: Double
  private let longest: Double
  private var microseconds = 200.0

  init(isWindowSmall: Bool) {
    self.isWindowSmall = isWindowSmall
    (wanted, longest) = isWindowSmall ? (600_000, 10_000) : (20_000, 500)
  }

  var duration: Duration { .microseconds(Int(microseconds)) }

  /// Takes into account what came in the last pause and until all of it was read.
  mutating func adapt(afterGathering bytes: Int) {
    let factor = min(1.25, max(0.8, wanted / Double(bytes)))
    microseconds = min(longest, max(Self.shortest, microseconds * factor))
  }
}
