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
  let shapes: UnsafeBufferPointer<Acceptor.Shape>
  let objects: UnsafeBufferPointer<Acceptor.Object>
  let lists: UnsafeBufferPointer<Acceptor.List>
  let names: UnsafeBufferPointer<Acceptor.Name>
  let pool: UnsafeBufferPointer<UInt8>

  func accepts(_ root: Int32, from start: Int) -> Bool {
    let behind = value(root, blanks(start), 0)
    return behind >= 0 && blanks(behind) == end
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

  func value(_ index: Int32, _ start: Int, _ depth: Int) -> Int {
    let shape = unsafe shapes[Int(index)]
    switch byte(start) {
    case UInt8(ascii: "\""): return text(shape, start)
    case UInt8(ascii: "{"): return shape.object >= 0 ? object(shape.object, start, depth) : -1
    case UInt8(ascii: "["): return shape.array >= 0 ? array(shape.array, start, depth) : -1
    case UInt8(ascii: "n"): return shape.takesNull ? literal(0x6C6C_756E, 4, start) : -1
    case UInt8(ascii: "t"): return shape.takesTrue ? literal(0x6575_7274, 4, start) : -1
    case UInt8(ascii: "f"): return shape.takesFalse ? literal(0x65_736C_6166, 5, start) : -1
    default: return number(shape, start)
    }
  }

  @inline(__always)
  private func literal(_ letters: UInt64, _ count: Int, _ start: Int) -> Int {
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
    let object = unsafe objects[Int(index)]
    var offset = blanks(start &+ 1)
    if byte(offset) == UInt8(ascii: "}") { return object.required == 0 ? offset &+ 1 : -1 }
    var met: UInt64 = 0
    var next = 0
    while true {
      let member = name(object.members, object.count, from: next, offset)
      let shape: Int32
      if member >= 0 {
        let bit: UInt64 = 1 &<< UInt64(member)
        // One that is there twice is not for here.
        guard met & bit == 0 else { return -1 }
        met |= bit
        next = member &+ 1
        let name = unsafe names[Int(object.members) &+ member]
        shape = name.shape
        offset &+= Int(name.length)
      } else {
        guard object.additional >= 0 else { return -1 }
        shape = object.additional
        offset = otherName(offset)
        guard offset >= 0 else { return -1 }
      }
      offset = value(shape, blanks(offset), depth &+ 1)
      guard offset >= 0 else { return -1 }
      if byte(offset) <= 0x20 { offset = blanks(offset) }
      switch byte(offset) {
      case UInt8(ascii: ","): offset = blanks(offset &+ 1)
      case UInt8(ascii: "}"): return met & object.required == object.required ? offset &+ 1 : -1
      default: return -1
      }
    }
  }

  /// Which of some names stands here, looked for from one of them on; -1 for none.
  @inline(__always)
  func name(_ start: Int32, _ count: Int32, from first: Int, _ offset: Int) -> Int {
    let word = word(offset)
    var index = first
    var left = count
    while left > 0 {
      if index >= count { index = 0 }
      let name = unsafe names[Int(start) &+ index]
      if word & name.mask == name.first, name.length <= 8 || isRest(name, offset) { return index }
      index &+= 1
      left &-= 1
    }
    return -1
  }

  @inline(__always)
  private func isRest(_ name: Acceptor.Name, _ offset: Int) -> Bool {
    guard offset &+ Int(name.length) <= end, word(offset &+ Int(name.length) &- 8) == name.last else { return false }
    return name.length <= 16 || isMiddle(name, offset)
  }

  @inline(never)
  private func isMiddle(_ name: Acceptor.Name, _ offset: Int) -> Bool {
    for index in 8..<(Int(name.length) - 8) where unsafe byte(offset + index) != pool[Int(name.start) + index] {
      return false
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
