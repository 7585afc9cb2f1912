// SPDX-License-Identifier: Apache-2.0

import Octets

/// Makes a program from a schema's places, and finds what is wrong with them.
struct SchemaCompiler {
  var places: SchemaPlaces
  var program = Program()
  /// Steps of all patterns so far.
  var patternSteps = 0
  /// Where the reference of a place leads.
  private var targets: [Int: Int] = [:]
  private var dynamicTargets: [Int: Int] = [:]
  /// The node of each place that is a schema; -1 for the others.
  private var nodes: [Int32] = []

  static func program(for document: SchemaDocument) throws(SchemaFault) -> (Program, [SchemaRemark]) {
    var compiler = SchemaCompiler(places: try SchemaPlaces(document))
    try compiler.resolve()
    try compiler.number()
    for place in compiler.places.places.indices where compiler.isCompiled(place) {
      try compiler.compile(place)
    }
    try compiler.refuseLoops()
    compiler.program.parents = compiler.places.places.map { Int32($0.parent) }
    compiler.program.tokens = compiler.places.places.map(\.token)
    compiler.program.names = compiler.program.entries.map { ForeignText(compiler.program.name($0)) }
    compiler.program.root = Int(compiler.node(0))
    return (compiler.program, SchemaRemarks.remarks(on: compiler.places))
  }

  /// Finds where all references lead; what they lead to may have references too.
  private mutating func resolve() throws(SchemaFault) {
    var place = 0
    while place < places.places.count {
      for keyword in [Keyword.ref, .dynamicRef] {
        guard let reference = places.places[place].keywords[keyword] else { continue }
        guard case .string(let text) = reference.value else {
          throw places.fault(
            place, keyword, "\(keyword.rawValue) is to be a URI reference", "write a string such as \"#/$defs/name\"")
        }
        let target = try places.target(of: place, keyword, text)
        if keyword == .ref { targets[place] = target } else { dynamicTargets[place] = target }
      }
      place += 1
    }
  }

  /// Gives each schema its node. What is but a reference has that of its target, unless dynamic scopes count.
  private mutating func number() throws(SchemaFault) {
    nodes = Array(repeating: -1, count: places.places.count)
    var count: Int32 = 0
    for (place, what) in places.places.enumerated() where what.isSchema {
      if dynamicTargets.isEmpty, isReferenceAlone(place) { continue }
      nodes[place] = count
      count += 1
    }
    program.nodes = Array(repeating: Program.Node(), count: Int(count))
    for (place, what) in places.places.enumerated() where what.isSchema && nodes[place] < 0 {
      var chain = [place]
      nodes[place] = -2
      while let last = chain.last, let next = targets[last], nodes[next] < 0 {
        guard nodes[next] != -2 else { throw loop(at: next) }
        nodes[next] = -2
        chain.append(next)
      }
      guard let last = chain.last, let end = targets[last] else { continue }
      for link in chain {
        nodes[link] = nodes[end]
        collapsed.insert(link)
      }
    }
  }

  private var collapsed: Set<Int> = []

  private func isReferenceAlone(_ place: Int) -> Bool {
    guard targets[place] != nil else { return false }
    return places.places[place].keywords.items.allSatisfy { item in
      switch item.keyword {
      case .ref, .schema, .id, .anchor, .defs, .definitions, .contentSchema: true
      default: false
      }
    }
  }

  /// The node of a place.
  func node(_ place: Int) -> Int32 { nodes[place] }

  /// The node of the schema that a keyword of a place holds; -1 where it has none.
  mutating func node(_ place: Int, _ keyword: Keyword) -> Int32 {
    guard places.places[place].keywords[keyword] != nil, let child = places.child(of: place, keyword.rawValue),
      places.places[child].isSchema
    else { return -1 }
    return nodes[child]
  }

  /// The places that a keyword of a place holds.
  mutating func held(_ place: Int, _ keyword: Keyword) -> Range<Int> {
    guard places.places[place].keywords[keyword] != nil, let holder = places.child(of: place, keyword.rawValue) else {
      return 0..<0
    }
    return places.places[holder].children
  }

  mutating func text(_ place: Int, _ keyword: Keyword?, _ detail: String = "") -> Int32 {
    program.texts.append(.init(place: Int32(place), keyword: keyword, detail: detail))
    return Int32(program.texts.count - 1)
  }

  private mutating func compile(_ place: Int) throws(SchemaFault) {
    let index = Int(nodes[place])
    var node = Program.Node()
    node.place = Int32(place)
    node.resource = Int32(places.places[place].resource)
    if case .boolean(false) = places.places[place].document.value {
      node.isFalse = true
      node.typeText = text(place, nil, "false")
    }
    let keywords = places.places[place].keywords
    if !keywords.isEmpty {
      try setKinds(&node, place, keywords)
      node.numbers = try numberRules(place, keywords)
      node.strings = try stringRules(place, keywords)
      node.object = try objectPlan(place, keywords)
      node.array = try arrayPlan(place, keywords)
      node.unevaluatedProperties = self.node(place, .unevaluatedProperties)
      node.unevaluatedItems = self.node(place, .unevaluatedItems)
      node.any = try anyRules(place, keywords)
    }
    program.nodes[index] = node
  }

  private func isCompiled(_ place: Int) -> Bool { places.places[place].isSchema && !collapsed.contains(place) }

  /// The rules that any value is held to.
  private mutating func anyRules(_ place: Int, _ keywords: Keywords) throws(SchemaFault)
    -> Program.Slice
  {
    var rules = try constantRules(place, keywords)
    if let target = targets[place] {
      rules.append(.init(operation: .ref, value: nodes[target], text: text(place, .ref)))
    }
    if let target = dynamicTargets[place] { rules.append(dynamicRule(place, target, keywords)) }
    for (keyword, operation) in [(Keyword.allOf, Program.Operation.allOf), (.anyOf, .anyOf), (.oneOf, .oneOf)] {
      let branches = held(place, keyword)
      guard !branches.isEmpty else { continue }
      let slice = Program.Slice(start: Int32(program.schemas.count), count: Int32(branches.count))
      program.schemas += branches.map { nodes[$0] }
      rules.append(.init(operation: operation, slice: slice, text: text(place, keyword)))
    }
    if keywords[.not] != nil {
      rules.append(.init(operation: .not, value: node(place, .not), text: text(place, .not)))
    }
    if keywords[.if] != nil, keywords[.then] != nil || keywords[.else] != nil {
      let slice = Program.Slice(start: Int32(program.schemas.count), count: 3)
      program.schemas += [node(place, .if), node(place, .then), node(place, .else)]
      rules.append(.init(operation: .condition, slice: slice, text: text(place, .if)))
    } else if keywords[.if] != nil, places.places[place].draft == .draft2020 {
      // It decides nothing, but what it takes counts as evaluated.
      let slice = Program.Slice(start: Int32(program.schemas.count), count: 3)
      program.schemas += [node(place, .if), -1, -1]
      rules.append(.init(operation: .condition, slice: slice, text: text(place, .if)))
    }
    return append(rules)
  }

  private mutating func dynamicRule(
    _ place: Int, _ target: Int, _ keywords: Keywords
  ) -> Program.Rule {
    let text = text(place, .dynamicRef)
    guard case .string(let anchor)? = places.places[target].keywords[.dynamicAnchor]?.value,
      case .string(let reference)? = keywords[.dynamicRef]?.value,
      let fragment = ReferenceURI.read(reference).fragment, fragment.utf8.elementsEqual(anchor.utf8),
      let candidates = places.dynamicAnchors[ForeignText(anchor)], candidates.count > 1
    else { return .init(operation: .ref, value: nodes[target], text: text) }
    let byResource = Dictionary(
      candidates.map { (Int32($0.resource), nodes[$0.place]) }, uniquingKeysWith: { first, _ in first })
    program.dynamicTargets.append(.init(usual: nodes[target], byResource: byResource))
    return .init(operation: .dynamicRef, value: Int32(program.dynamicTargets.count - 1), text: text)
  }

  mutating func append(_ rules: [Program.Rule]) -> Program.Slice {
    guard !rules.isEmpty else { return .init() }
    program.rules += rules
    return .init(start: Int32(program.rules.count - rules.count), count: Int32(rules.count))
  }
}
