// SPDX-License-Identifier: Apache-2.0

import Octets
package import PgOutput

extension EventMapper {
  /// The longest aggregate id or type that is read of a row that cannot become an event, in bytes.
  private static let longest = 16_384

  /// Whom a row is about that cannot become an event: its aggregate type and id as its event would have them, each empty where
  /// it cannot be read.
  package func aggregate(
    of tuple: Tuple, _ relation: RelationVersion, in message: RawSpan
  ) -> (type: String, id: String) {
    guard relation < plans.count, let plan = plans[relation] else { return ("", "") }
    var (type, id) = ("", "")
    tuple.forEachColumn(in: message) { index, value in
      let uses = plan.allUses(of: index)
      guard uses.contains(.role(.aggregateType)) || uses.contains(.role(.aggregateID)) else { return }
      var bytes: [UInt8] = []
      switch value {
      case .text(let range) where range.count <= Self.longest: bytes.append(message, range)
      case .binary(let range) where range.count <= Self.longest:
        if !BinaryColumns.appendText(of: message, range, type: plan.types[index], to: &bytes) { bytes = [] }
      default: return
      }
      guard let text = String(validating: bytes, as: UTF8.self) else { return }
      if uses.contains(.role(.aggregateType)) { type = text }
      if uses.contains(.role(.aggregateID)) { id = text }
    }
    return (type, id)
  }
}

extension TablePlan {
  fileprivate func allUses(of column: Int) -> [Use] {
    if case .several(let number) = uses[column] { several[number] } else { [uses[column]] }
  }
}
