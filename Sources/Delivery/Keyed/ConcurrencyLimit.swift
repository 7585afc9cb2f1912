/// How many requests may be under way: as many as the receiver takes without slowing down.
///
/// Doubles each round until the receiver shows strain, then grows by one a round while answers stay fast, shrinks a
/// little when they slow down, and halves, at most once a round, when the receiver fails.
struct ConcurrencyLimit {
  let maximum: Int
  private(set) var current: Int
  private var isStarting = true
  private var answersThisRound = 0
  /// The fastest answers lately, in seconds, which creeps up so that old luck is forgotten.
  private var best = Double.infinity
  private var smoothed = 0.0
  private var lastCut = ContinuousClock.now - .seconds(3600)

  init(maximum: Int) {
    self.maximum = max(1, maximum)
    current = min(8, max(1, maximum))
  }

  mutating func succeeded(in duration: Duration) {
    let (seconds, attoseconds) = duration.components
    let latency = Double(seconds) + Double(attoseconds) * 1e-18
    best = min(best, latency)
    smoothed = smoothed == 0 ? latency : smoothed * 0.9 + latency * 0.1
    answersThisRound += 1
    guard answersThisRound >= current else { return }
    answersThisRound = 0
    best *= 1.01
    let isSlow = smoothed > best * 3 + 0.005
    if isSlow {
      isStarting = false
      current = max(1, current - max(1, current / 10))
    } else {
      current = min(maximum, isStarting ? current * 2 : current + 1)
    }
  }

  mutating func failed(at now: ContinuousClock.Instant = .now) {
    isStarting = false
    guard now - lastCut > .milliseconds(100) else { return }
    lastCut = now
    answersThisRound = 0
    current = max(1, current / 2)
  }
}
