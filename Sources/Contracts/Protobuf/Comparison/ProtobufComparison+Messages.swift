// SPDX-License-Identifier: Apache-2.0

/// Messages and their fields.
extension ProtobufComparison {
  mutating func compare(_ message: ProtobufMessage, _ other: ProtobufMessage) {
    spend(message.fields.count + other.fields.count + message.reservedNumbers.count + other.reservedNumbers.count + 4)
    let place = "/\(message.fullName)"
    var fields: [Int: ProtobufField] = [:]
    for field in message.fields { fields[field.number] = field }
    let reserved = ProtobufRanges.merged(message.reservedNumbers)
    for field in other.fields where fields[field.number] == nil {
      lacks(message, field, isReserved: ProtobufRanges.contain(reserved, field.number), place)
    }
    if other.allowsJSON, !message.allowsJSON {
      add(
        .messageSameJSONFormat, place, "JSON is no longer sure to be read", code: .format,
        advice: "take the feature json_format away")
    }
    requireSame(fields, message, other, place)
    keepReserved(message, other, place)
    var others: [Int: ProtobufField] = [:]
    for field in other.fields { others[field.number] = field }
    for field in message.fields {
      if let other = others[field.number] { compare(field, other, "\(place)/\(field.name)") }
    }
  }

  /// A field that the writer has and the reader has not.
  private mutating func lacks(
    _ message: ProtobufMessage, _ field: ProtobufField, isReserved: Bool, _ place: String
  ) {
    let words = "the writer's field \(field.name) = \(field.number) is not there"
    if !isReserved {
      add(
        .fieldNoDeleteUnlessNumberReserved, place, "\(words), and its number is not reserved", code: .field,
        advice: "write the field again, or reserved \(field.number);")
    }
    if !message.reservedNames.contains(field.name) {
      add(
        .fieldNoDeleteUnlessNameReserved, place, "\(words), and its name is not reserved", code: .field,
        advice: "write the field again, or reserved \"\(field.name)\";")
    }
    addStrict(place, words, advice: "leave the field out")
  }

  private mutating func requireSame(
    _ fields: [Int: ProtobufField], _ message: ProtobufMessage, _ other: ProtobufMessage, _ place: String
  ) {
    let own = Set(message.fields.lazy.filter { $0.cardinality == .required }.map(\.number))
    let others = Set(other.fields.lazy.filter { $0.cardinality == .required }.map(\.number))
    for number in others.subtracting(own).sorted() {
      add(
        .messageSameRequiredFields, place, "the writer's field \(number) is required, and no longer here", code: .field,
        advice: "keep the field required: who reads with the other schema wants it")
    }
    for number in own.subtracting(others).sorted() {
      let name = fields[number]?.name ?? ""
      add(
        .messageSameRequiredFields, "\(place)/\(name)", "it is required, and not to the writer", code: .field,
        advice: "make it optional", writersAdvice: "keep it required")
    }
  }

  private mutating func keepReserved(_ message: ProtobufMessage, _ other: ProtobufMessage, _ place: String) {
    for range in ProtobufRanges.missing(of: other.reservedNumbers, in: message.reservedNumbers) {
      add(
        .reservedMessageNoDelete, place, "\(ProtobufRanges.words(range)) is no longer reserved", code: .field,
        advice: "write reserved \(ProtobufRanges.words(range)); again")
    }
    for name in other.reservedNames.subtracting(message.reservedNames).sorted() {
      add(
        .reservedMessageNoDelete, place, "the name \(ProtobufReading.shown(name)) is no longer reserved", code: .field,
        advice: "write reserved \"\(ProtobufReading.shown(name))\"; again")
    }
  }

  mutating func compare(_ field: ProtobufField, _ other: ProtobufField, _ place: String) {
    if field.name != other.name {
      add(
        .fieldSameName, place, "its name is \(field.name), and \(other.name) to the writer", code: .name,
        advice: "name it \(other.name) again", writersAdvice: "keep the name \(field.name)")
    }
    if field.extendee == nil {
      if field.jsonName != other.jsonName {
        let (own, others) = (ProtobufReading.shown(field.jsonName), ProtobufReading.shown(other.jsonName))
        add(
          .fieldSameJSONName, place, "in JSON it is \(own), and \(others) to the writer", code: .name,
          advice: "give it [json_name = \"\(others)\"]", writersAdvice: "give it [json_name = \"\(own)\"]")
      }
      compareOneof(field, other, place)
    }
    compareCardinality(field, other, place)
    compareType(field, other, place)
    if !ProtobufDefault.areSame(field, reader, other, writer) {
      add(
        .fieldSameDefault, place, "its default is not the writer's", code: .field,
        advice: "write the writer's default again", writersAdvice: "keep the default")
    }
  }

  private mutating func compareOneof(_ field: ProtobufField, _ other: ProtobufField, _ place: String) {
    guard field.oneof != other.oneof else { return }
    let words =
      switch (field.oneof, other.oneof) {
      case (let own?, let others?): "it is in the oneof \(own), and in \(others) to the writer"
      case (let own?, nil): "it is in the oneof \(own), and in none to the writer"
      default: "it is in no oneof, and in \(other.oneof ?? "") to the writer"
      }
    add(
      .fieldSameOneof, place, words, code: .field, advice: "put it where it was, and use another field",
      writersAdvice: "keep it where it is")
  }

  private mutating func compareCardinality(_ field: ProtobufField, _ other: ProtobufField, _ place: String) {
    func isOne(_ cardinality: ProtobufField.Cardinality) -> Bool {
      cardinality == .explicit || cardinality == .implicit
    }
    func isMany(_ cardinality: ProtobufField.Cardinality) -> Bool { cardinality == .repeated || cardinality == .map }
    let (own, others) = (field.cardinality, other.cardinality)
    if own == others || isOne(own) && isOne(others) { return }
    let words = "it is \(own.rawValue), and \(others.rawValue) to the writer"
    let advice = "write it \(others.rawValue) again, and use another field"
    add(
      .fieldWireJSONCompatibleCardinality, place, words, code: .type, advice: advice,
      writersAdvice: "keep it \(own.rawValue)")
    if isMany(own), isMany(others) { return }
    add(
      .fieldWireCompatibleCardinality, place, words, code: .type, advice: advice,
      writersAdvice: "keep it \(own.rawValue)")
  }

  private mutating func compareType(_ field: ProtobufField, _ other: ProtobufField, _ place: String) {
    let words = "\(field.words) is not \(other.words), which the writer has"
    let advice = "write \(other.words) again, and use another field"
    let isSame = isSameName(field, other)
    if field.kind.wireGroup == other.kind.wireGroup ? !isSame : !(field.kind == .bytes && other.kind == .string) {
      add(.fieldWireCompatibleType, place, words, code: .type, advice: advice, writersAdvice: "keep \(field.words)")
    }
    if field.kind.jsonGroup != other.kind.jsonGroup || !isSame {
      add(.fieldWireJSONCompatibleType, place, words, code: .type, advice: advice, writersAdvice: "keep \(field.words)")
    }
  }

  /// Whether fields of one kind are of one message, or of enums that may stand for each other.
  private mutating func isSameName(_ field: ProtobufField, _ other: ProtobufField) -> Bool {
    guard field.kind == other.kind, readersName(field.typeName) != writersName(other.typeName) else { return true }
    guard field.kind == .enumeration else { return false }
    let pair = EnumPair(reader: field.type, writer: other.type)
    if let known = knownEnums[pair] { return known }
    let (own, others) = (reader.enums[field.type], writer.enums[other.type])
    spend(own.values.count + others.values.count)
    // One that was moved, and may have got more values.
    let isSame = own.name == others.name && Set(own.values).isSuperset(of: others.values)
    knownEnums[pair] = isSame
    return isSame
  }
}

extension ProtobufField.Kind {
  /// Types of one group are written alike in binary.
  var wireGroup: Int {
    switch self {
    case .int32, .int64, .uint32, .uint64, .bool: 1
    case .sint32, .sint64: 2
    case .fixed32, .sfixed32: 3
    case .fixed64, .sfixed64: 4
    default: 16 + rawValue
    }
  }

  /// Types of one group are written alike in binary and in JSON.
  var jsonGroup: Int {
    switch self {
    case .int32, .uint32: 1
    case .int64, .uint64: 2
    case .fixed32, .sfixed32: 3
    case .fixed64, .sfixed64: 4
    default: 16 + rawValue
    }
  }
}
