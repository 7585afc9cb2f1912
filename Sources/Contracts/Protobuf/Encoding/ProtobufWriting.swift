// SPDX-License-Identifier: Apache-2.0

import Octets

/// Goes once through JSON that is known to match, and writes it. False where it does not match after all.
struct ProtobufWriting: JSONTokens {
  var offset: Int
  let end: Int
  var output: ProtobufOutput

  init(_ range: Range<Int>, _ output: consuming ProtobufOutput) {
    (offset, end) = (range.lowerBound, range.upperBound)
    self.output = output
  }

  func next(_ bytes: RawSpan) -> UInt8 { offset < end ? bytes.byte(at: offset) : 0 }

  /// What a message holds, however JSON has it, without tag and length.
  mutating func content(
    _ element: ProtobufProgram.Element, _ program: borrowing ProtobufProgram, _ bytes: RawSpan
  ) -> Bool {
    switch element.kind {
    case .message: return message(element.number, program, bytes, isInAny: false)
    case .timestamp: return timestamp(bytes)
    case .duration: return duration(bytes)
    case .fieldMask: return fieldMask(bytes)
    case .structure: return structure(bytes)
    case .value: return value(bytes)
    case .list: return list(bytes)
    case .any: return any(program, bytes)
    default: break
    }
    // What it wraps has the number 1, and is left out where it is zero or empty.
    guard let wire = element.kind.wrapped else { return false }
    return field(.init(element: .init(kind: element.kind), number: 1, wire: wire, isImplicit: true), program, bytes)
  }

  mutating func message(
    _ number: Int, _ program: borrowing ProtobufProgram, _ bytes: RawSpan, isInAny: Bool
  ) -> Bool {
    let list = program.messages[number].names
    guard take(UInt8(ascii: "{"), bytes) else { return false }
    skipBlanks(bytes)
    if take(UInt8(ascii: "}"), bytes) { return true }
    repeat {
      skipBlanks(bytes)
      guard let key = name(bytes), colon(bytes) else { return false }
      let found =
        key.isEscaped
        ? program.names.find(list, bytes, escaped: key.text) : program.names.find(list, bytes, key.text)
      if let found {
        let field = program.fields[found]
        if next(bytes) == UInt8(ascii: "n"), !field.takesNull {
          guard null(bytes) else { return false }
        } else {
          guard member(field, program, bytes) else { return false }
        }
      } else {
        guard isInAny, skipValue(bytes) else { return false }
      }
      skipBlanks(bytes)
    } while take(UInt8(ascii: ","), bytes)
    return take(UInt8(ascii: "}"), bytes)
  }

  private mutating func member(
    _ field: ProtobufProgram.Field, _ program: borrowing ProtobufProgram, _ bytes: RawSpan
  ) -> Bool {
    switch field.shape {
    case .one: return self.field(field, program, bytes)
    case .map: return map(field, program, bytes)
    case .repeated: break
    }
    guard take(UInt8(ascii: "["), bytes) else { return false }
    skipBlanks(bytes)
    if take(UInt8(ascii: "]"), bytes) { return true }
    let isPacked = field.isPacked && field.wire.wireType != 2 && field.wire.wireType != 3
    var start = 0
    if isPacked {
      output.tag(field.number, 2)
      start = output.open()
    }
    repeat {
      skipBlanks(bytes)
      guard isPacked ? scalar(field.element, field.wire, program, bytes) : self.field(field, program, bytes) else {
        return false
      }
      skipBlanks(bytes)
    } while take(UInt8(ascii: ","), bytes)
    if isPacked { output.close(start) }
    return take(UInt8(ascii: "]"), bytes)
  }

  /// One value with its tag.
  private mutating func field(
    _ field: ProtobufProgram.Field, _ program: borrowing ProtobufProgram, _ bytes: RawSpan
  ) -> Bool {
    let start = output.count
    let wireType = field.wire.wireType
    output.tag(field.number, wireType)
    switch field.wire {
    case .message:
      let start = output.open()
      guard content(field.element, program, bytes) else { return false }
      output.close(start)
    case .group:
      guard content(field.element, program, bytes) else { return false }
      output.tag(field.number, 4)
    default:
      let content = output.count
      guard scalar(field.element, field.wire, program, bytes) else { return false }
      if field.isImplicit { output.takeBack(to: start, ifZeroFrom: content) }
    }
    return true
  }

  /// A message of key and value for each member.
  private mutating func map(
    _ field: ProtobufProgram.Field, _ program: borrowing ProtobufProgram, _ bytes: RawSpan
  ) -> Bool {
    guard take(UInt8(ascii: "{"), bytes) else { return false }
    skipBlanks(bytes)
    if take(UInt8(ascii: "}"), bytes) { return true }
    repeat {
      skipBlanks(bytes)
      output.tag(field.number, 2)
      let start = output.open()
      output.tag(1, field.keyWire.wireType)
      guard key(field, program, bytes), colon(bytes) else { return false }
      guard self.field(.init(element: field.element, number: 2, wire: field.wire), program, bytes) else {
        return false
      }
      output.close(start)
      skipBlanks(bytes)
    } while take(UInt8(ascii: ","), bytes)
    return take(UInt8(ascii: "}"), bytes)
  }

  private mutating func key(
    _ field: ProtobufProgram.Field, _ program: borrowing ProtobufProgram, _ bytes: RawSpan
  ) -> Bool {
    switch field.key {
    case .text: return scalar(.init(kind: .text), field.keyWire, program, bytes)
    case .bool:
      guard let text = name(bytes) else { return false }
      // The escaped forms of the two words differ in their lengths too, but nobody writes them.
      let form = JSONTextForm(text.text.lowerBound, end, bytes)
      output.append(form.next == UInt32(UInt8(ascii: "t")) ? 1 : 0)
      return true
    default: return digits(field.keyWire, bytes)
    }
  }
}

extension ProtobufProgram.Kind {
  /// How a wrapper has its value.
  fileprivate var wrapped: ProtobufField.Kind? {
    switch self {
    case .int32: .int32
    case .int64: .int64
    case .uint32: .uint32
    case .uint64: .uint64
    case .float: .float
    case .double: .double
    case .bool: .bool
    case .text: .string
    case .bytes: .bytes
    default: nil
    }
  }
}

extension ProtobufField.Kind {
  /// How the binary form says what follows.
  var wireType: UInt64 {
    switch self {
    case .double, .fixed64, .sfixed64: 1
    case .string, .bytes, .message: 2
    case .group: 3
    case .float, .fixed32, .sfixed32: 5
    default: 0
    }
  }
}
