// SPDX-License-Identifier: Apache-2.0

/// What is plainly data of a message: as programs write it, by JSON names, without fields of a oneof.
extension Acceptor {
  /// Some shapes that fields have.
  private struct Made {
    /// Of any JSON.
    let value: Int32
    /// What is not for here, and the same where null says that there is none.
    let unknown: Int32
    let unknownOrNull: Int32
  }

  init(_ program: ProtobufProgram) {
    let messages = program.types.messages
    // Each message's shape, then each message's where null is there as well.
    shapes = Array(repeating: Shape(), count: 2 * messages.count)
    let made = addCommon()
    for (number, message) in messages.enumerated() where program.messages[number].element.kind == .message {
      var shape = Shape()
      var known: Set<String> = []
      var members: [Member] = []
      for field in message.fields where known.insert(field.jsonName).inserted && field.oneof == nil {
        let isRequired = field.cardinality == .required
        members.append(
          Member(
            name: field.jsonName, shape: member(field, program, made, takesNull: !isRequired), isRequired: isRequired))
      }
      // The members of a oneof are left out: that there is one at most is not for here.
      shape.object = add(object: members)
      shapes[number] = shape
      shape.takesNull = true
      shapes[messages.count + number] = shape
    }
    root = element(program.root, program, made, takesNull: false)
  }

  private mutating func addCommon() -> Made {
    let first = Int32(shapes.count)
    var value = Shape()
    (value.text, value.takesNull, value.takesTrue, value.takesFalse) = (.any, true, true, true)
    value.takeFinite()
    shapes += [value, Shape(), Shape()]
    shapes[Int(first) + 2].takesNull = true
    let (object, array) = (add(object: [], additional: first), add(list: List(items: first)))
    (shapes[Int(first)].object, shapes[Int(first)].array) = (object, array)
    return Made(value: first, unknown: first + 1, unknownOrNull: first + 2)
  }

  private mutating func member(
    _ field: ProtobufField, _ program: ProtobufProgram, _ made: Made, takesNull: Bool
  ) -> Int32 {
    let found = program.field(field)
    if found.shape == .one { return element(found.element, program, made, takesNull: takesNull) }
    var shape = Shape()
    let items = element(found.element, program, made, takesNull: false)
    switch found.shape {
    case .map where found.key == .text: shape.object = add(object: [], additional: items)
    case .repeated: shape.array = add(list: List(items: items))
    default: break
    }
    shape.takesNull = !found.takesNull
    shapes.append(shape)
    return Int32(shapes.count - 1)
  }

  private mutating func element(
    _ element: ProtobufProgram.Element, _ program: ProtobufProgram, _ made: Made, takesNull: Bool
  ) -> Int32 {
    var shape = Shape()
    switch element.kind {
    case .message: return Int32(element.number + (takesNull ? program.messages.count : 0))
    case .value: return made.value
    case .bytes, .duration, .fieldMask, .any, .null: return takesNull ? made.unknownOrNull : made.unknown
    case .structure: shape.object = add(object: [], additional: made.value)
    case .list: shape.array = add(list: List(items: made.value))
    case .int32: shape.take(integers: Int64(Int32.min)...Int64(Int32.max))
    case .int64: shape.take(integers: .min ... .max)
    case .uint32: shape.take(integers: 0...Int64(UInt32.max))
    case .uint64: shape.take(integers: 0 ... .max)
    case .float, .double: shape.takeFinite()
    case .bool: (shape.takesTrue, shape.takesFalse) = (true, true)
    case .text: shape.text = .any
    case .timestamp: shape.text = .instant
    case .enumeration:
      let enumeration = program.types.enums[element.number]
      // Of more it would not know.
      if enumeration.values.count <= Self.mostNames { allow(symbols: enumeration.values.map(\.name), in: &shape) }
      if !enumeration.isClosed { shape.take(integers: Int64(Int32.min)...Int64(Int32.max)) }
    }
    shape.takesNull = takesNull
    shapes.append(shape)
    return Int32(shapes.count - 1)
  }
}

extension Acceptor.Shape {
  /// Numbers that are within any floating-point type, whatever is behind their point.
  fileprivate mutating func takeFinite() {
    (number, low, high) = (.bounded, -1_000_000_000_000_000_000, 1_000_000_000_000_000_000)
  }
}
