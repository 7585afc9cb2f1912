// SPDX-License-Identifier: Apache-2.0

/// What formats make one of.
extension Acceptor {
  /// A member of an object, as its schema names it.
  struct Member {
    var name: String
    var shape: Int32
    var isRequired: Bool
  }

  /// Adds what objects are; -1 where it would not know of any.
  ///
  /// - Parameters:
  ///   - members: Those that are named, each once.
  ///   - additional: What others are; -1 where there may be none.
  mutating func add(object members: [Member], additional: Int32 = -1) -> Int32 {
    // A name that is written with an escape is never known, so that it does not matter who else has it.
    guard members.allSatisfy({ Self.isPlain($0.name) || !$0.isRequired }) else { return -1 }
    let known = members.filter { Self.isPlain($0.name) }.sorted(by: Self.comesBefore)
    guard known.count <= Self.mostNames else { return -1 }
    var object = Object(members: Int32(names.count), count: Int32(known.count), additional: additional)
    for (index, member) in known.enumerated() {
      if member.isRequired { object.required |= 1 << UInt64(index) }
      add(name: "\"\(member.name)\":", shape: member.shape)
    }
    objects.append(object)
    return Int32(objects.count - 1)
  }

  mutating func add(list: List) -> Int32 {
    lists.append(list)
    return Int32(lists.count - 1)
  }

  /// Lets a shape take some strings; where it would not know of any that are written as they are, it is left as it was.
  mutating func allow(symbols: [String], in shape: inout Shape) {
    let known = symbols.filter(Self.isPlain)
    guard !known.isEmpty, known.count <= Self.mostNames else { return }
    (shape.text, shape.symbols, shape.symbolCount) = (.symbol, Int32(names.count), Int32(known.count))
    for symbol in known { add(name: "\"\(symbol)\"", shape: -1) }
  }

  private mutating func add(name: String, shape: Int32) {
    let bytes = Array(name.utf8)
    names.append(Name(bytes, at: pool.count, shape: shape))
    pool += bytes
  }

  /// Whether a string stands in JSON as it is.
  private static func isPlain(_ text: String) -> Bool {
    text.utf8.allSatisfy { $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
  }

  private static func comesBefore(_ left: Member, _ right: Member) -> Bool {
    let (one, other) = (left.name.utf8, right.name.utf8)
    return one.count == other.count ? one.lexicographicallyPrecedes(other) : one.count < other.count
  }

  /// Itself, unless it is plain that it would hardly ever say yes: something that has to be there is of no shape.
  func ifOfUse() -> Acceptor? {
    var hopeless = shapes.map(\.isNone)
    // Not all of a chain may be found; then it is only asked in vain.
    for _ in 0..<8 {
      for (index, shape) in shapes.enumerated() where !hopeless[index] && shape.object >= 0 && shape.array < 0 {
        guard shape.text == .none, shape.number == .none else { continue }
        let object = objects[Int(shape.object)]
        hopeless[index] = (0..<Int(object.count)).contains {
          object.required >> UInt64($0) & 1 != 0 && hopeless[Int(names[Int(object.members) + $0].shape)]
        }
      }
    }
    return hopeless[Int(root)] ? nil : self
  }
}

extension Acceptor.Name {
  /// A text that is, or is to be, at a place in a pool.
  init(_ text: [UInt8], at start: Int, shape: Int32) {
    let mask: UInt64 = text.count < 8 ? 1 << UInt64(text.count * 8) - 1 : .max
    self.init(
      first: Self.word(text.prefix(8)), mask: mask, last: Self.word(text.suffix(8)), length: Int32(text.count),
      start: Int32(start), shape: shape)
  }

  private static func word(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }
}
