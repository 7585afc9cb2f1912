// SPDX-License-Identifier: Apache-2.0

extension AvroReading {
  /// Remarks on records that hold themselves without end: the specification allows them, and nobody can write one.
  ///
  /// A record is finite once the types of all its fields are, a union once one of its branches is; arrays and maps may be
  /// empty.
  mutating func remarkWhatNothingMatches() {
    var isFinite = [Bool](repeating: false, count: types.count)
    // How many things each type still waits for, and who waits for it.
    var waits = [Int](repeating: 0, count: types.count)
    var waiting = [[Int]](repeating: [], count: types.count)
    var ready: [Int] = []
    for (number, type) in types.enumerated() {
      switch type.shape {
      case .record(_, let fields):
        waits[number] = fields.count
        for field in fields { waiting[field.use.type].append(number) }
      case .union(let branches):
        waits[number] = 1
        for branch in branches { waiting[branch.type].append(number) }
      default: break
      }
      if waits[number] == 0 { ready.append(number) }
    }
    while let type = ready.popLast() {
      guard !isFinite[type] else { continue }
      isFinite[type] = true
      for other in waiting[type] {
        waits[other] -= 1
        if waits[other] == 0 { ready.append(other) }
      }
    }
    for (number, type) in types.enumerated() where !isFinite[number] {
      guard case .record(let name, _) = type.shape else { continue }
      remark(
        type.place,
        "no data matches the record \(name.full), which holds itself without end; "
          + "write [\"null\", …] where it may end")
    }
  }
}
