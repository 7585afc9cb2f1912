// SPDX-License-Identifier: Apache-2.0

/// Tells what stands behind it that a schema cannot be read, at the places that are to be changed.
struct AvroReport {
  private let resolution: AvroResolution
  private var found: [(place: Int, obstacle: Obstacle)] = []
  private var known: Set<Obstacle> = []
  private var visited: Set<Int> = []

  init(_ resolution: AvroResolution) { self.resolution = resolution }

  /// Every obstacle once, in the order of the reader's schema.
  func obstacles() -> [Obstacle] {
    var report = self
    report.walk()
    // Places are numbered as they stand in the text.
    return report.found.sorted { $0.place < $1.place }.map(\.obstacle)
  }

  /// Without a call for each level: types that refer to each other may be a long chain.
  private mutating func walk() {
    var pending = [AvroResolution.Edge(pair: 0, place: resolution.reader.root.place)]
    while let edge = pending.popLast() {
      let meeting = resolution.meetings[edge.pair]
      guard meeting.isUnreadable else { continue }
      for obstacle in meeting.own { add(obstacle, edge.place) }
      let writing = resolution.writer.types[meeting.pair.writer]
      if meeting.isDivided {
        add(.forms(writing), edge.place)
        continue
      }
      if meeting.isChoice, meeting.edges.count != 1 {
        add(.branch(writing), edge.place)
        continue
      }
      guard passes(meeting, edge) else { continue }
      for next in meeting.edges.reversed() where resolution.meetings[next.pair].isUnreadable {
        // A writer's branches meet the reader's type where it is used.
        if case .union = writing.shape {
          pending.append(.init(pair: next.pair, place: edge.place))
        } else {
          pending.append(next)
        }
      }
    }
  }

  /// Whether to go on behind a meeting: once, but where what follows is told by the place of its use.
  private mutating func passes(_ meeting: AvroResolution.Meeting, _ edge: AvroResolution.Edge) -> Bool {
    if case .union = resolution.writer.types[meeting.pair.writer].shape { return true }
    return visited.insert(edge.pair).inserted
  }

  private mutating func add(_ obstacle: AvroObstacle, _ use: Int) {
    let place = obstacle.place ?? use
    let told = Obstacle(
      resolution.reader.places.pointer(place), obstacle.rule, code: obstacle.code, advice: obstacle.advice,
      writersAdvice: obstacle.writersAdvice, isProved: obstacle.isProved)
    if known.insert(told).inserted { found.append((place, told)) }
  }
}
