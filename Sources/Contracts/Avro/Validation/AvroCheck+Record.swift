// SPDX-License-Identifier: Apache-2.0

/// Records, whose members may come in any order.
extension AvroCheck {
  /// Which fields of a record have been met: of few, of more, and of so many that it takes memory.
  private struct Met {
    private var first: UInt64 = 0
    private var next: InlineArray<3, UInt64> = .init(repeating: 0)
    private var rest: [UInt64] = []

    init(_ count: Int) {
      if count > 256 { rest = [UInt64](repeating: 0, count: (count - 193) / 64) }
    }

    func contains(_ index: Int) -> Bool {
      let word = index < 64 ? first : index < 256 ? next[index >> 6 - 1] : rest[index >> 6 - 4]
      return word &>> UInt64(index & 63) & 1 != 0
    }

    /// False when it had been.
    @inline(__always)
    mutating func insert(_ index: Int) -> Bool {
      guard index < 64 else { return insertLater(index) }
      let bit: UInt64 = 1 &<< UInt64(index)
      guard first & bit == 0 else { return false }
      first |= bit
      return true
    }

    private mutating func insertLater(_ index: Int) -> Bool {
      guard !contains(index) else { return false }
      let bit: UInt64 = 1 &<< UInt64(index & 63)
      if index < 256 { next[index >> 6 - 1] |= bit } else { rest[index >> 6 - 4] |= bit }
      return true
    }
  }

  mutating func record(
    _ type: Int, _ number: Int, _ depth: Int, _ program: borrowing AvroProgram, _ bytes: RawSpan
  ) -> Bool {
    let start = offset
    guard take(UInt8(ascii: "{"), bytes) else { return fails(.type(type), at: start) }
    guard depth < AvroValidator.maximumDepth else { return fails(.deep, at: start) }
    let list = program.records[number].names
    var missing = program.records[number].required
    var met = Met(list.count)
    var members = Members(list: list)
    skipBlanks(bytes)
    if !take(UInt8(ascii: "}"), bytes) {
      repeat {
        skipBlanks(bytes)
        guard let field = member(&members, program, bytes) else {
          return fails(members.isUnknown ? .unknown(type) : .type(type), at: members.isUnknown ? offset : start)
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
    var members = Members(list: list)
    guard take(UInt8(ascii: "{"), bytes) else { return false }
    skipBlanks(bytes)
    if take(UInt8(ascii: "}"), bytes) { return missing == 0 }
    repeat {
      skipBlanks(bytes)
      guard let field = member(&members, program, bytes) else { return false }
      if program.fields[field].isRequired { missing -= 1 }
      guard skipValue(bytes) else { return false }
      skipBlanks(bytes)
    } while take(UInt8(ascii: ","), bytes)
    return missing <= 0
  }

  /// Where a record's members have got to.
  private struct Members {
    let list: Range<Int>
    var last: Int?
    /// Whether the last one came as by length, then bytes.
    var isSorted = false
    /// Whether the next was a name, and of no field.
    var isUnknown = false

    init(list: Range<Int>) { self.list = list }
  }

  /// The field of the member that begins here, up to its value; nil where there is none.
  ///
  /// Most come in one order throughout, so that the next is known and only has to be compared.
  private mutating func member(
    _ members: inout Members, _ program: borrowing AvroProgram, _ bytes: RawSpan
  ) -> Int? {
    for _ in 0..<2 {
      if let next = program.names.name(after: members.last, in: members.list, isSorted: members.isSorted),
        let behind = program.names.end(of: next, quotedAt: offset, end, bytes)
      {
        offset = behind
        members.last = next
        return colon(bytes) ? next : nil
      }
      members.isSorted.toggle()
    }
    guard let key = name(bytes), colon(bytes) else { return nil }
    let found =
      key.isEscaped
      ? program.names.find(members.list, bytes, escaped: key.text) : program.names.find(members.list, bytes, key.text)
    if let found { members.last = found } else { members.isUnknown = true }
    return found
  }
}
