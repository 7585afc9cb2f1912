// SPDX-License-Identifier: Apache-2.0

/// Rules for people.
extension ProtobufProgram {
  func words(_ rule: ProtobufCheck.Rule) -> String {
    switch rule {
    case .element(let element): words(element)
    case .list: "an array: the field is repeated"
    case .map: "an object: the field is a map"
    case .key(let kind): "a map's key: \(words(Element(kind: kind)))"
    case .unknown(let number): "\(name(number)): no such field"
    case .twice(let number): "\(name(number)): a field that is there twice"
    case .oneof(let number): "\(name(number)): more than one field of a oneof"
    case .missing(let number, let slot): "\(name(number)): the field \(fieldName(slot, number)) is required and missing"
    case .anyType: "google.protobuf.Any: an @type that is described beside the contract"
    case .anyValue: "google.protobuf.Any: the one member value, for its type has a form of its own"
    case .deep: "more than \(ProtobufValidator.maximumDepth) arrays and objects lie within each other"
    case .ways: "too much to look at for its length"
    case .end: "nothing behind the value"
    }
  }

  private func name(_ number: Int) -> String { types.messages[number].fullName }

  private func fieldName(_ slot: Int, _ number: Int) -> String {
    let fields = types.messages[number].fields
    return fields.indices.contains(slot) ? fields[slot].jsonName : ""
  }

  private func words(_ element: Element) -> String {
    switch element.kind {
    case .int32: "int32: a whole number within 32 bits"
    case .int64: "int64: a whole number within 64 bits, or a string of one"
    case .uint32: "uint32: a whole number from 0 within 32 bits"
    case .uint64: "uint64: a whole number from 0 within 64 bits, or a string of one"
    case .float: "float: a number within 32 bits, or NaN, Infinity or -Infinity as a string"
    case .double: "double: a number within 64 bits, or NaN, Infinity or -Infinity as a string"
    case .bool: "bool"
    case .text: "string"
    case .bytes: "bytes: a string of base64"
    case .enumeration: "enum \(types.enums[element.number].fullName): the name or the number of a value"
    case .null: "google.protobuf.NullValue: null"
    case .message: "message \(name(element.number))"
    case .timestamp: "google.protobuf.Timestamp: a string as RFC 3339 has times, with T and a zone, years 0001 to 9999"
    case .duration: "google.protobuf.Duration: a string of seconds with at most nine decimals and an s behind them"
    case .fieldMask:
      "google.protobuf.FieldMask: a string of lowerCamel names, with dots in them and commas between them"
    case .structure: "google.protobuf.Struct: an object"
    case .value: "google.protobuf.Value: JSON whose numbers are within 64 bits"
    case .list: "google.protobuf.ListValue: an array"
    case .any: "google.protobuf.Any: an object with its type in @type"
    }
  }
}
