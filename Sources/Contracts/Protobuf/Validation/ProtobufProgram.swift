// SPDX-License-Identifier: Apache-2.0

/// A descriptor set as its check runs over it: flat, with numbers for messages and enums.
struct ProtobufProgram: Sendable {
  enum Kind: UInt8, Sendable {
    case int32, int64, uint32, uint64, float, double, bool, text, bytes, enumeration, null, message
    case timestamp, duration, fieldMask, structure, value, list, any
  }

  enum Shape: UInt8, Sendable {
    case one, repeated, map
  }

  /// What a value is.
  struct Element: Sendable {
    var kind: Kind
    /// Which enum or message.
    var number = 0
  }

  struct Field: Sendable {
    var element: Element
    var shape = Shape.one
    /// Of a map.
    var key = Kind.text
    /// Which of its message's fields it is, whatever name it stands there by.
    var slot = 0
    /// Its oneof, counted behind the fields; -1 for none.
    var oneof = -1
    var isRequired = false
    /// Its number in binary; of an enum's name, the value.
    var number = 0
    /// How it is written in binary, and a map's key.
    var wire = ProtobufField.Kind.message
    var keyWire = ProtobufField.Kind.string
    var isPacked = false
    /// Whether it is not there when it is zero or empty.
    var isImplicit = false
    /// Whether null is a value, and does not only say that there is none.
    var takesNull: Bool { shape != .map && (element.kind == .value || element.kind == .null) }
  }

  struct Message: Sendable {
    /// Its fields' names.
    var names = 0..<0
    /// How many fields and oneofs it has.
    var slots = 0
    var required = 0
    /// What it is as a value: of itself, or of its own form.
    var element: Element
    /// Whether an Any may hold it with and without a member for its value.
    var isEmpty = false
  }

  struct Enumeration: Sendable {
    var names: Range<Int>
    var isClosed: Bool
    /// In order.
    var numbers: [Int]
  }

  var messages: [Message] = []
  var enumerations: [Enumeration] = []
  /// Names of fields and of values.
  var names = NameLists()
  /// By the numbers of names.
  var fields: [Field] = []
  /// Names of messages, as an Any has them, whose numbers are the messages'; others are counted from the start.
  var typeNames = NameLists()
  var typeRange = 0..<0
  let root: Element
  /// For words about mismatches.
  let types: ProtobufTypes

  init(_ schema: ProtobufSchema) {
    types = schema.types
    for (number, message) in types.messages.enumerated() {
      messages.append(
        Message(
          element: Self.wellKnown(message.fullName) ?? Element(kind: .message, number: number),
          isEmpty: message.fullName == ProtobufWellKnown.empty))
    }
    root = messages[schema.root].element
    typeRange = typeNames.add(types.messages.map(\.fullName))
    for enumeration in types.enums {
      let range = names.add(enumeration.values.map(\.name))
      fields += enumeration.values.map { Field(element: Element(kind: .null), number: $0.number) }
      enumerations.append(
        Enumeration(
          names: range, isClosed: enumeration.isClosed, numbers: enumeration.values.map(\.number).sorted()))
    }
    var extensions: [String: [ProtobufField]] = [:]
    for field in types.extensions { extensions[field.extendee ?? "", default: []].append(field) }
    for number in messages.indices {
      add(number, types.messages[number].fields + (extensions[types.messages[number].fullName] ?? []))
    }
  }

  /// Adds a message's fields: by their JSON names first, then by their own where nothing is called so.
  private mutating func add(_ number: Int, _ fields: [ProtobufField]) {
    var known: Set<String> = []
    var (all, made): ([String], [Field]) = ([], [])
    var oneofs: [String: Int] = [:]
    for field in fields { if let oneof = field.oneof, oneofs[oneof] == nil { oneofs[oneof] = oneofs.count } }
    for isJSON in [true, false] {
      for (slot, field) in fields.enumerated() {
        let name = isJSON && field.extendee == nil ? field.jsonName : field.textName
        guard known.insert(name).inserted else { continue }
        all.append(name)
        var found = self.field(field)
        found.slot = slot
        found.oneof = field.oneof.flatMap { oneofs[$0] }.map { fields.count + $0 } ?? -1
        made.append(found)
      }
    }
    messages[number].names = names.add(all)
    messages[number].slots = fields.count + oneofs.count
    messages[number].required = fields.count { $0.cardinality == .required }
    self.fields += made
  }

  func field(_ field: ProtobufField) -> Field {
    guard field.cardinality == .map else {
      return Field(
        element: element(field), shape: field.cardinality == .repeated ? .repeated : .one,
        isRequired: field.cardinality == .required, number: field.number, wire: field.kind, isPacked: field.isPacked,
        isImplicit: field.cardinality == .implicit)
    }
    let entry = types.messages[field.type].fields
    return Field(
      element: element(entry[1]), shape: .map, key: element(entry[0]).kind, number: field.number, wire: entry[1].kind,
      keyWire: entry[0].kind)
  }

  private func element(_ field: ProtobufField) -> Element {
    switch field.kind {
    case .double: Element(kind: .double)
    case .float: Element(kind: .float)
    case .int32, .sint32, .sfixed32: Element(kind: .int32)
    case .int64, .sint64, .sfixed64: Element(kind: .int64)
    case .uint32, .fixed32: Element(kind: .uint32)
    case .uint64, .fixed64: Element(kind: .uint64)
    case .bool: Element(kind: .bool)
    case .string: Element(kind: .text)
    case .bytes: Element(kind: .bytes)
    case .enumeration:
      types.enums[field.type].fullName == ProtobufWellKnown.nullValue
        ? Element(kind: .null, number: field.type) : Element(kind: .enumeration, number: field.type)
    case .message, .group: messages[field.type].element
    }
  }

  private static func wellKnown(_ name: String) -> Element? {
    guard let known = ProtobufWellKnown(rawValue: name) else { return nil }
    return switch known {
    case .any: Element(kind: .any)
    case .timestamp: Element(kind: .timestamp)
    case .duration: Element(kind: .duration)
    case .fieldMask: Element(kind: .fieldMask)
    case .structure: Element(kind: .structure)
    case .value: Element(kind: .value)
    case .listValue: Element(kind: .list)
    case .double: Element(kind: .double)
    case .float: Element(kind: .float)
    case .int64: Element(kind: .int64)
    case .uint64: Element(kind: .uint64)
    case .int32: Element(kind: .int32)
    case .uint32: Element(kind: .uint32)
    case .bool: Element(kind: .bool)
    case .string: Element(kind: .text)
    case .bytes: Element(kind: .bytes)
    }
  }
}
