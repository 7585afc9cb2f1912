import IntegrationEvents
import Octets
import PgOutput

/// Putting a row's values into its event.
extension EventMapper {
  /// Puts one column's value where its roles say.
  @inline(__always)
  mutating func set(_ plan: TablePlan, _ index: Int, _ value: Tuple.Value, _ bytes: RawSpan) throws(FieldFailure) {
    let use = plan.uses[index]
    if case .unused = use { return }
    try set(plan, index, use, value, bytes)
  }

  /// Few columns have more than one use.
  @inline(never)
  private mutating func setSeveral(
    _ plan: TablePlan, _ index: Int, _ number: Int, _ value: Tuple.Value, _ bytes: RawSpan
  ) throws(FieldFailure) {
    for use in plan.several[number] { try set(plan, index, use, value, bytes) }
  }

  @inline(__always)
  private mutating func set(
    _ plan: TablePlan, _ index: Int, _ use: TablePlan.Use, _ value: Tuple.Value, _ bytes: RawSpan
  ) throws(FieldFailure) {
    guard case .text(let range) = value else {
      if case .role(let role) = use, role.isNeverNull { throw FieldFailure(index: index, problem: .null) }
      if case .several(let number) = use { try setSeveral(plan, index, number, value, bytes) }
      return
    }
    switch use {
    case .unused: break
    case .several(let number): try setSeveral(plan, index, number, value, bytes)
    case .attribute(let number):
      event.attributes.append(.init(name: configuration.attributes[number].name, value: range))
    case .role(.id): event.id = range
    case .role(.aggregateType): event.aggregateType = range
    case .role(.aggregateID): event.aggregateID = range
    case .role(.type): event.type = range
    case .role(.version): event.dataVersion = range
    case .role(.traceParent): event.traceParent = range
    case .role(.traceState): event.traceState = range
    case .role(.dataSchema): event.dataSchema = range
    case .role(.payload):
      switch plan.payloadForm {
      case .json: event.payload = .json(range)
      case .uncheckedJSON: event.payload = .uncheckedJSON(range)
      case .text: event.payload = .text(range)
      case .hexadecimal: event.payload = .hexadecimal(range)
      }
    case .role(.time):
      guard TimeColumns.isSupported(plan.types[index]) else {
        throw FieldFailure(index: index, problem: .unsupportedType(plan.types[index]))
      }
      guard let time = TimeColumns.time(bytes, range, type: plan.types[index]) else {
        throw FieldFailure(index: index, problem: .invalidTime)
      }
      event.time = time
      event.hasOwnTime = true
    case .role(.headers):
      do {
        try mapHeaders(bytes, range)
      } catch {
        throw FieldFailure(index: index, problem: error)
      }
    }
  }

  /// Makes headers attributes, as far as they can be.
  mutating func mapHeaders(_ bytes: RawSpan, _ range: Range<Int>) throws(MappingError.Problem) {
    let leftOut = try HeaderMapping.map(
      bytes, range, taken: takenNames, refusing: configuration.onBadHeader == .fail, into: &event)
    if configuration.onBadHeader == .warn { leftOutHeaders += leftOut }
  }
}

/// What is wrong with which column, by its number.
struct FieldFailure: Error {
  let index: Int
  let problem: MappingError.Problem
}
