// SPDX-License-Identifier: Apache-2.0

/// Records, whose members may come in any order.
extension AvroCheck {
  mutating func record(
    _ type: Int, _ number: Int, _ depth: Int, _ program: borrowing AvroProgram, _ bytes: RawSpan
  ) -> Bool {
    let start = offset
    guard take(UInt8(ascii: "{"), bytes) else { return fails(.type(type), at: start) }
    guard depth < AvroValidator.maximumDepth else { return fails(.deep, at: start) }
    let list = program.records[number].names
    var missing = program.records[number].required
    var met = MetMembers(list.count)
    skipBlanks(bytes)
    if !take(UInt8(ascii: "}"), bytes) {
      repeat {
        skipBlanks(bytes)
        let field: Int
        switch member(list, program, bytes) {
        case .field(let found): field = found
        case .unknown: return fails(.unknown(type), at: offset)
        case .none: return fails(.type(type), at: start)
        }
        guard met.insert(field - list.lowerBound) else { return fails(.twice(type), at: offset) }
        if program.fields[field].isRequired { missing -= 1 }
        guard value(program.fields[field].type, depth + 1, program, bytes) else { return false }
        skipBlanks(bytes)
      } while take(UInt8(ascii: ","), bytes)
      guard take(UInt8(ascii: "}"), bytes) else { return fails(.type(type), at: start) }
    }
    guard missing > 0 else { return true }
    for field in list where program.fields[field].isRequired && !met.contains(field - list.lowerBound) {
      return fails(.missing(type, field: field), at: start)
    }
    return true
  }

  /// Whether an object has a record's members, as far as their names tell. It leaves the place as it was.
  mutating func fits(_ number: Int, _ program: borrowing AvroProgram, _ bytes: RawSpan) -> Bool {
    let start = offset
    defer { offset = start }
    let isFitting = passes(number, program, bytes)
    // What this cost is counted even where it was of use: it is done again at each level.
    return spend(offset - start) && isFitting
  }

  private mutating func passes(_ number: Int, _ program: borrowing AvroProgram, _ bytes: RawSpan) -> Bool {
    let list = program.records[number].names
    var missing = program.records[number].required
    guard take(UInt8(ascii: "{"), bytes) else { return false }
    skipBlanks(bytes)
    if take(UInt8(ascii: "}"), bytes) { return missing == 0 }
    repeat {
      skipBlanks(bytes)
      guard case .field(let field) = member(list, program, bytes) else { return false }
      if program.fields[field].isRequired { missing -= 1 }
      guard skipValue(bytes) else { return false }
      skipBlanks(bytes)
    } while take(UInt8(ascii: ","), bytes)
    return missing <= 0
  }

  /// What the name of a member is.
  private enum Member {
    case field(Int)
    /// A name of no field.
    case unknown
    case none
  }

  /// The member that begins here, up to its value.
  private mutating func member(_ list: Range<Int>, _ program: borrowing AvroProgram, _ bytes: RawSpan) -> Member {
    guard let key = name(bytes), colon(bytes) else { return .none }
    let found =
      key.isEscaped
      ? program.names.find(list, bytes, escaped: key.text) : program.names.find(list, bytes, key.text)
    return found.map { .field($0) } ?? .unknown
  }
}
