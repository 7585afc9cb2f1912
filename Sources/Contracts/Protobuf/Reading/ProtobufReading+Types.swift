// SPDX-License-Identifier: Apache-2.0

import Octets

/// Fields, enums and services, and what their types are.
extension ProtobufReading {
  mutating func read(
    field range: Range<Int>, in scope: String, _ oneofs: [String], _ features: ProtobufFeatures, isExtension: Bool
  ) throws(SchemaFault) -> ProtobufField {
    let parts = try parts(range, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 17])
    let name = try name(parts, in: scope)
    let place = "/\(scope.dropLast())/\(name)"
    var features = features
    try apply(parts.messages(8), 21, to: &features)
    guard let number = parts.integer(3), (1...0x1FFF_FFFF).contains(number) else {
      throw SchemaFault(place, "it has no number that a field may have", advice: Self.makeIt)
    }
    let typeName = try parts.text(6) ?? ""
    // Where only the name says what it is, that is found later.
    guard let kind = ProtobufField.Kind(rawValue: parts.integer(5) ?? 11) else {
      throw SchemaFault(place, "its type is none that is known", advice: Self.makeIt)
    }
    var field = ProtobufField(
      name: isExtension ? scope + name : name, number: number, kind: kind, cardinality: .explicit,
      jsonName: try parts.text(10) ?? Self.lowerCamel(name))
    field.typeName = String(typeName.drop { $0 == "." })
    field.defaultValue = try parts.text(7)
    if isExtension { field.extendee = String((try parts.text(2) ?? "").drop { $0 == "." }) }
    let isOptional = parts.flag(17)
    if let index = parts.integer(9) {
      guard oneofs.indices.contains(index) else {
        throw SchemaFault(place, "it is of a oneof that is not there", advice: Self.makeIt)
      }
      if !isOptional { field.oneof = oneofs[index] }
    }
    let hasPresence = kind == .message || kind == .group || field.oneof != nil || isOptional || isExtension
    switch parts.integer(4) ?? 1 {
    case 3: field.cardinality = .repeated
    case 2: field.cardinality = .required
    case _ where features.presence == .legacyRequired && field.oneof == nil && !isExtension:
      field.cardinality = .required
    case _ where !hasPresence && features.presence == .implicit: field.cardinality = .implicit
    default: field.cardinality = .explicit
    }
    if kind == .message, features.isDelimited { field.kind = .group }
    field.isPacked = features.isPacked
    for range in parts.messages(8) {
      if let packed = try self.parts(range, [2]).number(2) { field.isPacked = packed != 0 }
    }
    return field
  }

  /// As JSON has a field where nothing else is said.
  static func lowerCamel(_ name: String) -> String {
    var (camel, isUpper) = ("", false)
    for character in name.unicodeScalars {
      if character == "_" {
        isUpper = true
      } else {
        camel += isUpper ? String(character).uppercased() : String(character)
        isUpper = false
      }
    }
    return camel
  }

  mutating func read(
    enumeration range: Range<Int>, in scope: String, _ features: ProtobufFeatures
  ) throws(SchemaFault) {
    let parts = try parts(range, [1, 2, 3, 4, 5])
    let name = try name(parts, in: scope)
    var features = features
    try apply(parts.messages(3), 7, to: &features)
    var found = ProtobufEnum(fullName: scope + name, name: name)
    (found.isClosed, found.allowsJSON) = (features.hasClosedEnums, features.allowsJSON)
    var names: Set<String> = []
    for range in parts.messages(2) {
      let parts = try self.parts(range, [1, 2])
      let value = ProtobufEnum.Value(name: try self.name(parts, in: found.fullName), number: parts.integer(2) ?? 0)
      guard names.insert(value.name).inserted else {
        throw SchemaFault("/\(found.fullName)", "it has \(value.name) twice", advice: "take one of them out")
      }
      found.values.append(value)
    }
    guard !found.values.isEmpty else {
      throw SchemaFault("/\(found.fullName)", "it has no value", advice: "give it one")
    }
    found.reservedNumbers = try ranges(parts.messages(4), endsBefore: false)
    found.reservedNames = Set(try parts.texts(5))
    try add(found.fullName, -1 - types.enums.count)
    types.enums.append(found)
  }

  mutating func read(service range: Range<Int>, in scope: String) throws(SchemaFault) {
    let parts = try parts(range, [1, 2])
    let service = scope + (try name(parts, in: scope))
    for range in parts.messages(2) {
      let parts = try self.parts(range, [1, 2, 3, 4, 5, 6])
      var idempotency = 0
      for range in parts.messages(4) { idempotency = try self.parts(range, [34]).integer(34) ?? idempotency }
      types.methods.append(
        ProtobufMethod(
          fullName: "\(service).\(try name(parts, in: service))", request: try parts.text(2) ?? "",
          response: try parts.text(3) ?? "", streamsRequests: parts.flag(5), streamsResponses: parts.flag(6),
          idempotency: idempotency))
    }
  }

  /// That names and numbers of fields are there once.
  func check(_ message: ProtobufMessage) throws(SchemaFault) {
    var (names, numbers): (Set<String>, Set<Int>) = ([], [])
    for field in message.fields {
      guard names.insert(field.name).inserted, numbers.insert(field.number).inserted else {
        throw SchemaFault(
          "/\(message.fullName)/\(field.name)", "its name or its number is there twice", advice: "take one of them out")
      }
    }
  }

  /// Finds what fields are of.
  mutating func resolve() throws(SchemaFault) {
    for index in types.messages.indices {
      for number in types.messages[index].fields.indices {
        let place = "/\(types.messages[index].fullName)/\(types.messages[index].fields[number].name)"
        var field = types.messages[index].fields[number]
        try resolve(&field, place, isOfEntry: types.messages[index].isMapEntry)
        types.messages[index].fields[number] = field
      }
    }
    for index in types.extensions.indices {
      let place = "/\(types.extensions[index].name)"
      var field = types.extensions[index]
      try resolve(&field, place, isOfEntry: false)
      types.extensions[index] = field
      guard let extendee = types.extensions[index].extendee, numbers[extendee].map({ $0 >= 0 }) == true else {
        throw Self.missing(types.extensions[index].extendee ?? "", place)
      }
    }
    for (index, message) in types.messages.enumerated() where message.isMapEntry {
      let fields = message.fields.sorted { $0.number < $1.number }
      guard fields.map(\.number) == [1, 2], fields.allSatisfy({ $0.cardinality != .repeated && $0.cardinality != .map })
      else {
        throw SchemaFault("/\(message.fullName)", "it stands for a map, and has no key and value", advice: Self.makeIt)
      }
      guard ![.double, .float, .bytes, .message, .group, .enumeration].contains(fields[0].kind) else {
        throw SchemaFault("/\(message.fullName)", "a map has no keys of that type", advice: Self.makeIt)
      }
      types.messages[index].fields = fields
    }
  }

  /// The number that an enum's value has.
  private mutating func number(of name: String, in index: Int) -> Int? {
    if let known = valueNumbers[index] { return known[name] }
    var numbers: [String: Int] = [:]
    for value in types.enums[index].values { numbers[value.name] = value.number }
    valueNumbers[index] = numbers
    return numbers[name]
  }

  private mutating func resolve(
    _ field: inout ProtobufField, _ place: String, isOfEntry: Bool
  ) throws(SchemaFault) {
    guard [.message, .group, .enumeration].contains(field.kind) else {
      field.typeName = ""
      return
    }
    guard let number = numbers[field.typeName] else { throw Self.missing(field.typeName, place) }
    if number < 0 {
      (field.kind, field.type) = (.enumeration, -1 - number)
      if let name = field.defaultValue { field.defaultNumber = self.number(of: name, in: field.type) }
    } else {
      guard field.kind != .enumeration else {
        throw SchemaFault(place, "\(field.typeName) is no enum", advice: Self.makeIt)
      }
      field.type = number
      if types.messages[number].isMapEntry, field.cardinality == .repeated {
        field.cardinality = .map
        field.kind = .message
      } else if isOfEntry {
        field.kind = .message
      }
    }
  }

  private static func missing(_ name: String, _ place: String) -> SchemaFault {
    SchemaFault(
      place, "\(shown(name)) is not described in it", advice: "make it with the files that it imports: \(makeIt)")
  }

  static func shown(_ name: String) -> String { "\(ForeignText(ForeignText(name).shortened(to: 128)))" }
}
