// SPDX-License-Identifier: Apache-2.0

extension [Obstacle] {
  /// Obstacles that are told; who has more has enough.
  static let maximumCount = 1_000

  /// Those that rest on something that is not sure.
  func doubted() -> [Obstacle] {
    map { obstacle in
      Obstacle(obstacle.path, obstacle.rule, code: obstacle.code, advice: SchemaComparison.byHand, isProved: false)
    }
  }

  /// Each once: a schema that is used in many places stands at one.
  func once() -> [Obstacle] {
    guard count > 1 else { return self }
    var seen: Set<Obstacle> = []
    var list = filter { seen.insert($0).inserted }
    list.cut()
    return list
  }

  /// Leaves no more than are told, and those that are proved before the others: what is not proved may be accepted.
  mutating func cut() {
    guard count > Self.maximumCount else { return }
    let proved = filter(\.isProved)
    self = Array((proved + filter { !$0.isProved }).prefix(Self.maximumCount))
  }
}
