// SPDX-License-Identifier: Apache-2.0

import Octets

/// Objects and arrays.
extension SchemaCompiler {
  mutating func objectPlan(_ place: Int, _ keywords: Keywords) throws(SchemaFault) -> Int32 {
    var plan = Program.ObjectPlan()
    var names = NamedMembers(seed: program.seed)
    try require(place, keywords, &plan, &names)
    for child in held(place, .properties) { names.setNode(places.places[child].token, node(child)) }
    plan.patterns = try patternProperties(place)
    plan.additional = node(place, .additionalProperties)
    plan.names = node(place, .propertyNames)
    if let least = try bound(place, .minProperties, keywords) {
      (plan.least, plan.leastText) = (least, text(place, .minProperties, String(least)))
    }
    if let most = try bound(place, .maxProperties, keywords) {
      (plan.most, plan.mostText) = (most, text(place, .maxProperties, String(most)))
    }
    plan.dependencies = try dependencies(place, keywords, &names)
    guard
      !names.isEmpty || !plan.patterns.isEmpty || plan.additional >= 0 || plan.names >= 0 || plan.leastText >= 0
        || plan.mostText >= 0
    else { return -1 }
    plan.tracked = names.tracked
    (plan.entries, plan.slots) = names.append(to: &program)
    program.objects.append(plan)
    return Int32(program.objects.count - 1)
  }

  private mutating func require(
    _ place: Int, _ keywords: Keywords, _ plan: inout Program.ObjectPlan, _ names: inout NamedMembers
  ) throws(SchemaFault) {
    guard let required = keywords[.required] else { return }
    plan.required.start = Int32(program.texts.count)
    for name in try memberNames(place, .required, required) {
      // One that is named twice is noted once.
      guard names.track(name) == plan.required.count else { continue }
      _ = text(place, .required, ForeignText(name).shortened(to: 64))
      plan.required.count += 1
    }
  }

  private func memberNames(
    _ place: Int, _ keyword: Keyword, _ document: SchemaDocument
  ) throws(SchemaFault) -> [String] {
    func wrong() -> SchemaFault {
      places.fault(place, keyword, "\(keyword.rawValue) is to hold arrays of names", "write such as [\"name\"]")
    }
    guard case .array(let elements) = document.value else { throw wrong() }
    var names: [String] = []
    for element in elements {
      guard case .string(let name) = element.value else { throw wrong() }
      names.append(name)
    }
    return names
  }

  private mutating func patternProperties(_ place: Int) throws(SchemaFault) -> Program.Slice {
    let children = held(place, .patternProperties)
    let start = Int32(program.patternProperties.count)
    for child in children {
      let pattern = try pattern(place, .patternProperties, places.places[child].token)
      program.patternProperties.append(.init(pattern: pattern, node: node(child)))
    }
    return .init(start: start, count: Int32(children.count))
  }

  private mutating func dependencies(
    _ place: Int, _ keywords: Keywords, _ names: inout NamedMembers
  ) throws(SchemaFault) -> Program.Slice {
    let start = Int32(program.dependencies.count)
    for keyword in [Keyword.dependentRequired, .dependencies] {
      guard let document = keywords[keyword] else { continue }
      guard case .object(let members) = document.value else {
        throw places.fault(place, keyword, "\(keyword.rawValue) is to be an object", "write { } around the names")
      }
      for member in members {
        if keyword == .dependencies, !member.value.isArray { continue }
        let trigger = names.track(member.name)
        for name in try memberNames(place, keyword, member.value) {
          let words = text(place, keyword, ForeignText(name).shortened(to: 64))
          program.dependencies.append(.init(trigger: trigger, name: names.track(name), text: words))
        }
      }
    }
    for keyword in [Keyword.dependentSchemas, .dependencies] {
      for child in held(place, keyword) {
        let trigger = names.track(places.places[child].token)
        program.dependencies.append(.init(trigger: trigger, node: node(child), text: text(place, keyword)))
      }
    }
    return .init(start: start, count: Int32(program.dependencies.count) - start)
  }

  mutating func arrayPlan(_ place: Int, _ keywords: Keywords) throws(SchemaFault) -> Int32 {
    var plan = Program.ArrayPlan()
    let isList = keywords[.items]?.isArray == true
    let prefix = isList ? held(place, .items) : held(place, .prefixItems)
    plan.prefix = .init(start: Int32(program.schemas.count), count: Int32(prefix.count))
    program.schemas += prefix.map { node($0) }
    plan.items = isList ? node(place, .additionalItems) : node(place, .items)
    plan.contains = node(place, .contains)
    if plan.contains >= 0 {
      plan.containsText = text(place, .contains)
      if let least = try bound(place, .minContains, keywords) {
        (plan.leastContained, plan.containsText) = (least, text(place, .minContains, String(least)))
      }
      if let most = try bound(place, .maxContains, keywords) {
        (plan.mostContained, plan.mostContainedText) = (most, text(place, .maxContains, String(most)))
      }
    }
    if let least = try bound(place, .minItems, keywords) {
      (plan.least, plan.leastText) = (least, text(place, .minItems, String(least)))
    }
    if let most = try bound(place, .maxItems, keywords) {
      (plan.most, plan.mostText) = (most, text(place, .maxItems, String(most)))
    }
    if let unique = keywords[.uniqueItems] {
      guard case .boolean(let isSet) = unique.value else {
        throw places.fault(place, .uniqueItems, "uniqueItems is to be true or false", "write one of them")
      }
      if isSet { plan.uniqueText = text(place, .uniqueItems) }
    }
    guard
      !prefix.isEmpty || plan.items >= 0 || plan.contains >= 0 || plan.leastText >= 0 || plan.mostText >= 0
        || plan.uniqueText >= 0
    else { return -1 }
    program.arrays.append(plan)
    return Int32(program.arrays.count - 1)
  }
}

extension SchemaDocument {
  var isArray: Bool { if case .array = value { true } else { false } }
}
