// SPDX-License-Identifier: Apache-2.0

/// What is plainly data of a schema.
extension Acceptor {
  /// - Parameter isExact: Whether data is to be encoded, so that numbers and times have to be held to what their types hold.
  init(_ schema: AvroSchema, isExact: Bool = false) {
    root = Int32(schema.root.type)
    shapes = Array(repeating: Shape(), count: schema.types.count)
    // Unions are put together of what their branches are.
    for isUnion in [false, true] {
      for (number, type) in schema.types.enumerated() {
        if case .union(let branches) = type.shape {
          if isUnion { shapes[number] = union(branches.map { shapes[$0.type] }) }
        } else if !isUnion {
          shapes[number] = shape(type, isExact)
        }
      }
    }
  }

  private mutating func shape(_ type: AvroType, _ isExact: Bool) -> Shape {
    if let logical = type.logical, var shape = Self.shape(logical) {
      if isExact, shape.text != .uuid { shape.text = .none }
      return shape
    }
    var shape = Shape()
    switch type.shape {
    case .null: shape.takesNull = true
    case .boolean: (shape.takesTrue, shape.takesFalse) = (true, true)
    case .int: shape.take(integers: Int64(Int32.min)...Int64(Int32.max))
    case .long: shape.take(integers: .min ... .max)
    case .float, .double: if !isExact { shape.number = .any }
    case .bytes: shape.text = .ascii
    case .string: shape.text = .any
    case .fixed(_, let size):
      guard let size = Int32(exactly: size) else { break }
      (shape.text, shape.least, shape.most) = (.ascii, size, size)
    case .enumeration(_, let enumeration): allow(symbols: enumeration.symbols, in: &shape)
    case .array(let items): shape.array = add(list: List(items: Int32(items.type)))
    case .map(let values): shape.object = add(object: [], additional: Int32(values.type))
    case .record(_, let fields):
      shape.object = add(
        object: fields.map { Member(name: $0.name, shape: Int32($0.use.type), isRequired: $0.defaultValue == nil) })
    case .union: break
    }
    return shape
  }

  private static func shape(_ logical: AvroLogicalType) -> Shape? {
    var shape = Shape()
    switch logical {
    case .uuid: shape.text = .uuid
    case .timestamp:
      shape.text = .timestamp
      shape.take(integers: .min ... .max)
    case .localTimestamp:
      shape.text = .localTimestamp
      shape.take(integers: .min ... .max)
    case .date: shape.take(integers: Int64(Int32.min)...Int64(Int32.max))
    case .time(let perSecond): shape.take(integers: 0...(Int64(86_400 * perSecond) - 1))
    // These are for the check itself.
    case .decimal, .bigDecimal: break
    case .duration: return nil
    }
    return shape
  }

  /// What any of some shapes takes, as far as what begins alike is of one of them.
  private func union(_ branches: [Shape]) -> Shape {
    var union = Shape()
    for branch in branches {
      union.takesNull = union.takesNull || branch.takesNull
      union.takesTrue = union.takesTrue || branch.takesTrue
      union.takesFalse = union.takesFalse || branch.takesFalse
      if branch.object >= 0, union.object < 0 { union.object = branch.object }
      if branch.array >= 0, union.array < 0 { union.array = branch.array }
      if branch.number != .none, union.number == .none {
        (union.number, union.low, union.high) = (branch.number, branch.low, branch.high)
      }
      if branch.text != .none, union.text == .none {
        (union.text, union.least, union.most) = (branch.text, branch.least, branch.most)
        (union.symbols, union.symbolCount) = (branch.symbols, branch.symbolCount)
      }
    }
    return union
  }
}

extension Acceptor.Shape {
  mutating func take(integers range: ClosedRange<Int64>) {
    (number, low, high) = (.integer, range.lowerBound, range.upperBound)
  }
}
