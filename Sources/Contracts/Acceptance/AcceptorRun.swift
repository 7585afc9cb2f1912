// SPDX-License-Identifier: Apache-2.0

/// One pass over data. Each step gives where what it has read ends, or -1 where it does not know.
///
/// Loads are unsafe expressions: each lies before `room`, which is checked where it is not plain from the step itself. Tables
/// refer to each other by numbers that ``Acceptor`` has made.
@safe struct AcceptorRun {
  let text: UnsafeRawPointer
  /// Where the data ends.
  let end: Int
  /// Where the bytes end that may be loaded.
  let room: Int
  let shapes: UnsafePointer<Acceptor.Shape>
  let objects: UnsafePointer<Acceptor.Object>
  let lists: UnsafePointer<Acceptor.List>
  let names: UnsafePointer<Acceptor.Name>
  let pool: UnsafePointer<UInt8>
  /// Where it is noted which values there are; most often nobody wants to know.
  var trace: UnsafeMutablePointer<[TracedValue]>?

  /// A value that is neither an array nor an object.
  struct TracedValue {
    var range: Range<Int>
    var shape: Int32
  }

  func accepts(_ root: Int32, from start: Int) -> Bool {
    let behind = value(root, blanks(start), 0)
    return behind >= 0 && blanks(behind) == end
  }

  /// Whether data has what a form has between its values, and values that its shapes take.
  func accepts(_ form: Acceptor.Form, from start: Int) -> Bool {
    unsafe form.pool.withUnsafeBufferPointer { pool in
      unsafe form.literals.withUnsafeBufferPointer { literals in
        guard var literal = literals.baseAddress, let bytes = pool.baseAddress else { return false }
        var offset = start
        var left = literals.count
        while true {
          guard unsafe word(offset) & literal.pointee.mask == literal.pointee.first,
            unsafe isRest(literal, offset, bytes)
          else { return false }
          offset &+= unsafe Int(literal.pointee.length)
          left &-= 1
          guard left > 0 else { return offset == end }
          offset = unsafe value(literal.pointee.shape, offset, 0)
          guard offset >= 0 else { return false }
          unsafe literal += 1
        }
      }
    }
  }

  /// The byte at an offset; 0 behind the end, which is none of JSON.
  @inline(__always)
  func byte(_ offset: Int) -> UInt8 {
    offset < end ? unsafe text.load(fromByteOffset: offset, as: UInt8.self) : 0
  }

  /// Eight bytes, the first lowest; what lies behind the room is 0.
  @inline(__always)
  func word(_ offset: Int) -> UInt64 {
    guard offset &+ 8 <= room else { return lastWord(offset) }
    return UInt64(littleEndian: unsafe text.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }

  @inline(never)
  private func lastWord(_ offset: Int) -> UInt64 {
    var word: UInt64 = 0
    for index in 0..<8 where offset + index < end {
      word |= UInt64(unsafe text.load(fromByteOffset: offset + index, as: UInt8.self)) << UInt64(index * 8)
    }
    return word
  }

  /// Most values have none in front of them, or one.
  @inline(__always)
  func blanks(_ start: Int) -> Int {
    let offset = byte(start) == 0x20 ? start &+ 1 : start
    return byte(offset) > 0x20 ? offset : someBlanks(offset)
  }

  @inline(never)
  private func someBlanks(_ start: Int) -> Int {
    var offset = start
    while true {
      switch byte(offset) {
      case 0x20, 0x0A, 0x0D, 0x09: offset &+= 1
      default: return offset
      }
    }
  }

  @inline(__always)
  func value(_ index: Int32, _ start: Int, _ depth: Int) -> Int {
    unsafe trace == nil ? plainValue(index, start, depth) : tracedValue(index, start, depth)
  }

  @inline(never)
  private func tracedValue(_ index: Int32, _ start: Int, _ depth: Int) -> Int {
    let behind = plainValue(index, start, depth)
    if behind >= 0, byte(start) != UInt8(ascii: "{"), byte(start) != UInt8(ascii: "[") {
      unsafe trace?.pointee.append(TracedValue(range: start..<behind, shape: index))
    }
    return behind
  }

  @inline(__always)
  private func plainValue(_ index: Int32, _ start: Int, _ depth: Int) -> Int {
    let shape = unsafe shapes + Int(index)
    if unsafe byte(start) == UInt8(ascii: "\"") && shape.pointee.text == .any {
      return characters(start &+ 1, isCounting: false).behind
    }
    return unsafe otherValue(shape, start, depth)
  }

  @unsafe
  private func otherValue(_ shape: UnsafePointer<Acceptor.Shape>, _ start: Int, _ depth: Int) -> Int {
    switch byte(start) {
    case UInt8(ascii: "\""): return unsafe text(shape, start)
    case UInt8(ascii: "{"):
      let object = unsafe shape.pointee.object
      return object >= 0 ? self.object(object, start, depth) : -1
    case UInt8(ascii: "["):
      let list = unsafe shape.pointee.array
      return list >= 0 ? array(list, start, depth) : -1
    case UInt8(ascii: "n"): return unsafe shape.pointee.takesNull ? literal(0x6C6C_756E, 4, start) : -1
    case UInt8(ascii: "t"): return unsafe shape.pointee.takesTrue ? literal(0x6575_7274, 4, start) : -1
    case UInt8(ascii: "f"): return unsafe shape.pointee.takesFalse ? literal(0x65_736C_6166, 5, start) : -1
    default: return unsafe number(shape, start)
    }
  }

  @inline(__always)
  func literal(_ letters: UInt64, _ count: Int, _ start: Int) -> Int {
    let mask: UInt64 = 1 &<< UInt64(count &* 8) &- 1
    return word(start) & mask == letters && start &+ count <= end ? start &+ count : -1
  }

  private func array(_ index: Int32, _ start: Int, _ depth: Int) -> Int {
    guard depth < Acceptor.maximumDepth else { return -1 }
    let list = unsafe lists[Int(index)]
    var offset = blanks(start &+ 1)
    var count = 0
    if byte(offset) == UInt8(ascii: "]") { return list.least <= 0 ? offset &+ 1 : -1 }
    while true {
      offset = value(list.items, offset, depth &+ 1)
      guard offset >= 0 else { return -1 }
      count &+= 1
      offset = blanks(offset)
      switch byte(offset) {
      case UInt8(ascii: ","): offset = blanks(offset &+ 1)
      case UInt8(ascii: "]"): return count >= list.least && count <= list.most ? offset &+ 1 : -1
      default: return -1
      }
    }
  }

  private func object(_ index: Int32, _ start: Int, _ depth: Int) -> Int {
    guard depth < Acceptor.maximumDepth else { return -1 }
    let object = unsafe objects + Int(index)
    let (members, count) = unsafe (names + Int(object.pointee.members), Int(object.pointee.count))
    let required = unsafe object.pointee.required
    var offset = blanks(start &+ 1)
    if byte(offset) == UInt8(ascii: "}") { return required == 0 ? offset &+ 1 : -1 }
    var met: UInt64 = 0
    var next = 0
    while true {
      let member = unsafe name(members, count, from: next, offset)
      let shape: Int32
      if member >= 0 {
        let bit: UInt64 = 1 &<< UInt64(member)
        // One that is there twice is not for here.
        guard met & bit == 0 else { return -1 }
        met |= bit
        next = member &+ 1
        shape = unsafe members[member].shape
        offset &+= unsafe Int(members[member].length)
      } else {
        shape = unsafe object.pointee.additional
        guard shape >= 0 else { return -1 }
        offset = otherName(offset)
        guard offset >= 0 else { return -1 }
      }
      offset = value(shape, blanks(offset), depth &+ 1)
      guard offset >= 0 else { return -1 }
      if byte(offset) <= 0x20 { offset = blanks(offset) }
      switch byte(offset) {
      case UInt8(ascii: ","): offset = blanks(offset &+ 1)
      case UInt8(ascii: "}"): return met & required == required ? offset &+ 1 : -1
      default: return -1
      }
    }
  }

  /// Which of some names stands here, looked for from one of them on; -1 for none.
  @unsafe @inline(__always)
  func name(_ names: UnsafePointer<Acceptor.Name>, _ count: Int, from first: Int, _ offset: Int) -> Int {
    let word = word(offset)
    var index = first
    var left = count
    while left > 0 {
      if index >= count { index = 0 }
      let name = unsafe names + index
      if unsafe word & name.pointee.mask == name.pointee.first && isRest(name, offset, pool) { return index }
      index &+= 1
      left &-= 1
    }
    return -1
  }

  @unsafe @inline(__always)
  private func isRest(_ name: UnsafePointer<Acceptor.Name>, _ offset: Int, _ pool: UnsafePointer<UInt8>) -> Bool {
    let length = unsafe Int(name.pointee.length)
    guard length > 8 else { return true }
    guard unsafe offset &+ length <= end && word(offset &+ length &- 8) == name.pointee.last else { return false }
    return unsafe length <= 16 || isMiddle(pool + Int(name.pointee.start), length, offset)
  }

  /// Whether all is the same but for the first eight bytes and the last eight, which have been looked at.
  @unsafe @inline(__always)
  private func isMiddle(_ known: UnsafePointer<UInt8>, _ length: Int, _ offset: Int) -> Bool {
    var index = 8
    while index < length &- 8 {
      let own = unsafe UnsafeRawPointer(known).loadUnaligned(fromByteOffset: index, as: UInt64.self)
      guard UInt64(littleEndian: own) == word(offset &+ index) else { return false }
      index &+= 8
    }
    return true
  }

  /// Behind the colon of a member's name that is none of those that are known; -1 for one that is written in a way in which
  /// it may be.
  private func otherName(_ start: Int) -> Int {
    guard byte(start) == UInt8(ascii: "\"") else { return -1 }
    let (behind, escapes) = characters(start &+ 1, isCounting: false)
    guard behind >= 0, escapes == 0, byte(behind) == UInt8(ascii: ":") else { return -1 }
    return behind &+ 1
  }
}
