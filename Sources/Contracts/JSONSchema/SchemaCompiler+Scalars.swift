// SPDX-License-Identifier: Apache-2.0

import Octets

/// Types, bounds, patterns and constants.
extension SchemaCompiler {
  mutating func setKinds(
    _ node: inout Program.Node, _ place: Int, _ keywords: Keywords
  ) throws(SchemaFault) {
    guard let type = keywords[.type] else { return }
    let names: [SchemaDocument]
    if case .array(let list) = type.value { names = list } else { names = [type] }
    var kinds: Program.Kinds = []
    var words: [String] = []
    for name in names {
      guard case .string(let word) = name.value, let kind = Self.kinds[word] else {
        throw places.fault(
          place, .type, "type is to name types",
          "use object, array, string, number, integer, boolean or null, or an array of them")
      }
      kinds.formUnion(kind)
      words.append(word)
    }
    guard !words.isEmpty else { throw places.fault(place, .type, "type names nothing", "name a type, or take it away") }
    node.kinds = kinds
    node.typeText = text(place, .type, words.joined(separator: ", "))
  }

  static let kinds: [String: Program.Kinds] = [
    "object": .object, "array": .array, "string": .string, "boolean": .boolean, "null": .null, "integer": .integer,
    "number": .number,
  ]

  mutating func numberRules(
    _ place: Int, _ keywords: Keywords
  ) throws(SchemaFault) -> Program.Slice {
    var rules: [Program.Rule] = []
    for (keyword, operation) in [
      (Keyword.minimum, Program.Operation.minimum), (.maximum, .maximum), (.exclusiveMinimum, .exclusiveMinimum),
      (.exclusiveMaximum, .exclusiveMaximum), (.multipleOf, .multipleOf),
    ] {
      guard let document = keywords[keyword] else { continue }
      guard case .number(let digits) = document.value else {
        throw places.fault(place, keyword, "\(keyword.rawValue) is to be a number", "write one, without quotes")
      }
      let start = program.pool.count
      program.pool += digits.utf8
      let decimal = unsafe Decimal(program.pool.span.bytes, start..<program.pool.count)
      let text = text(place, keyword, ForeignText(digits).shortened(to: 64))
      guard operation == .multipleOf else {
        program.decimals.append(decimal)
        rules.append(.init(operation: operation, value: Int32(program.decimals.count - 1), text: text))
        continue
      }
      guard !decimal.isZero, !decimal.isNegative else {
        throw places.fault(place, keyword, "multipleOf is to be above zero", "write a positive number")
      }
      guard let divisor = unsafe decimal.divisor(program.pool.span.bytes) else {
        throw places.fault(
          place, keyword, "multipleOf has more than \(Decimal.Divisor.maximumDigits) digits that count", "use fewer")
      }
      program.divisors.append(divisor)
      rules.append(.init(operation: operation, value: Int32(program.divisors.count - 1), text: text))
    }
    return append(rules)
  }

  mutating func stringRules(
    _ place: Int, _ keywords: Keywords
  ) throws(SchemaFault) -> Program.Slice {
    var rules: [Program.Rule] = []
    for (keyword, operation) in [(Keyword.minLength, Program.Operation.minLength), (.maxLength, .maxLength)] {
      guard let bound = try bound(place, keyword, keywords) else { continue }
      rules.append(.init(operation: operation, value: bound, text: text(place, keyword, String(bound))))
    }
    if let document = keywords[.pattern] {
      guard case .string(let words) = document.value else {
        throw places.fault(place, .pattern, "pattern is to be a regular expression", "write a string")
      }
      let shown = ForeignText(words).shortened(to: 64)
      rules.append(
        .init(operation: .pattern, value: try pattern(place, .pattern, words), text: text(place, .pattern, shown)))
    }
    return append(rules)
  }

  mutating func pattern(_ place: Int, _ keyword: Keyword, _ words: String) throws(SchemaFault) -> Int32 {
    do throws(PatternFault) {
      let pattern = try Pattern(words)
      patternSteps += pattern.steps.count
      guard patternSteps <= Pattern.maximumTotal else {
        throw PatternReading.fault(
          "takes with those before it more than \(Pattern.maximumTotal) steps when counts are written out",
          "use smaller counts, or maxLength")
      }
      program.patterns.append(pattern)
      return Int32(program.patterns.count - 1)
    } catch {
      throw places.fault(place, keyword, error.problem, error.advice)
    }
  }

  /// A count that a keyword sets; nil where it is not there. What is beyond 2³¹ is taken for that.
  func bound(_ place: Int, _ keyword: Keyword, _ keywords: Keywords) throws(SchemaFault) -> Int32? {
    guard let document = keywords[keyword] else { return nil }
    func wrong() -> SchemaFault {
      places.fault(place, keyword, "\(keyword.rawValue) is to be a whole number, zero or more", "write one")
    }
    guard case .number(let digits) = document.value else { throw wrong() }
    let bytes = Array(digits.utf8)
    let decimal = unsafe Decimal(bytes.span.bytes, 0..<bytes.count)
    guard decimal.isInteger, !decimal.isNegative else { throw wrong() }
    if decimal.isZero { return 0 }
    guard decimal.exponent < 10 else { return .max }
    var value = unsafe Int(decimal.remainder(bytes.span.bytes, by: .max))
    for _ in 0..<(decimal.exponent - Int(decimal.count) + 1) { value *= 10 }
    return Int32(clamping: value)
  }

  mutating func constantRules(
    _ place: Int, _ keywords: Keywords
  ) throws(SchemaFault) -> [Program.Rule] {
    var rules: [Program.Rule] = []
    if let constant = keywords[.const] {
      var detail = ""
      if case .string(let text) = constant.value { detail = ForeignText(text).shortened(to: 64) }
      rules.append(.init(operation: .const, value: -1, slice: constants([constant]), text: text(place, .const, detail)))
    }
    if let list = keywords[.enum] {
      guard case .array(let values) = list.value else {
        throw places.fault(place, .enum, "enum is to be an array of values", "write [ ] around the value")
      }
      let slice = constants(values)
      var table: Int32 = -1
      if values.count > 16 {
        var byHash: [Int: [Int32]] = [:]
        byHash.reserveCapacity(values.count)
        for index in slice.range {
          var budget = Int.max
          let hash = unsafe JSONEquality.hash(program.pool.span.bytes, Int(program.constants[index]), budget: &budget)
          byHash[hash, default: []].append(program.constants[index])
        }
        table = Int32(program.constantHashes.count)
        program.constantHashes.append(byHash)
      }
      rules.append(.init(operation: .enum, value: table, slice: slice, text: text(place, .enum)))
    }
    return rules
  }

  private mutating func constants(_ values: [SchemaDocument]) -> Program.Slice {
    let slice = Program.Slice(start: Int32(program.constants.count), count: Int32(values.count))
    for value in values {
      program.constants.append(Int32(program.pool.count))
      program.pool.append(json: value)
      // A number is read up to what is no part of it.
      program.pool.append(UInt8(ascii: " "))
    }
    return slice
  }
}

extension [UInt8] {
  /// Appends a value as JSON.
  package mutating func append(json document: SchemaDocument) {
    switch document.value {
    case .null: append(contentsOf: "null".utf8)
    case .boolean(let value): append(contentsOf: (value ? "true" : "false").utf8)
    case .number(let digits): append(contentsOf: digits.utf8)
    case .string(let text): append(jsonString: text)
    case .array(let elements):
      append(UInt8(ascii: "["))
      for (index, element) in elements.enumerated() {
        if index > 0 { append(UInt8(ascii: ",")) }
        append(json: element)
      }
      append(UInt8(ascii: "]"))
    case .object(let members):
      append(UInt8(ascii: "{"))
      for (index, member) in members.enumerated() {
        if index > 0 { append(UInt8(ascii: ",")) }
        append(jsonString: member.name)
        append(UInt8(ascii: ":"))
        append(json: member.value)
      }
      append(UInt8(ascii: "}"))
    }
  }

  private mutating func append(jsonString text: String) {
    append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        append(UInt8(ascii: "\\"))
        append(byte)
      case 0..<0x20:
        append(contentsOf: "\\u00".utf8)
        append(UInt8(ascii: byte < 0x10 ? "0" : "1"))
        append(contentsOf: String(byte & 0xF, radix: 16).utf8)
      default: append(byte)
      }
    }
    append(UInt8(ascii: "\""))
  }
}
