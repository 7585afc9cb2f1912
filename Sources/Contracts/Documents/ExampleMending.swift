// SPDX-License-Identifier: Apache-2.0

/// Takes members out of data that does not keep its contract, until it does: what may be left out, such as a member for which
/// no alternative was found, is better left out alone than with all others.
enum ExampleMending {
  /// How many members are taken out.
  private static let most = 40

  /// The data without what did not match; nil where that leads nowhere.
  static func mended(_ value: SchemaDocument, _ validator: any PayloadValidator) -> SchemaDocument? {
    var value = value
    for _ in 0..<most {
      switch ExampleData.keeps(value, validator) {
      case .whole: return value
      case .long: return nil
      case .wrong(let pointer):
        let steps = pointer.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
          .map { String($0).replacing("~1", with: "/").replacing("~0", with: "~") }
        guard let less = without(steps[...], value) else { return nil }
        value = less
      }
    }
    return nil
  }

  /// A value without what lies at a place; nil where nothing lies there.
  private static func without(_ steps: ArraySlice<String>, _ value: SchemaDocument) -> SchemaDocument? {
    guard let step = steps.first else { return nil }
    let (rest, isLast) = (steps.dropFirst(), steps.count == 1)
    switch value.value {
    case .object(var members):
      guard let index = members.firstIndex(where: { $0.name.utf8.elementsEqual(step.utf8) }) else { return nil }
      if isLast {
        members.remove(at: index)
      } else {
        guard let inner = without(rest, members[index].value) else { return nil }
        members[index].value = inner
      }
      return SchemaDocument(.object(members))
    case .array(var elements):
      guard let index = Int(step), elements.indices.contains(index) else { return nil }
      if isLast {
        elements.remove(at: index)
      } else {
        guard let inner = without(rest, elements[index]) else { return nil }
        elements[index] = inner
      }
      return .array(elements)
    default: return nil
    }
  }
}
