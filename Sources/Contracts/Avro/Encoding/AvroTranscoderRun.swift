// SPDX-License-Identifier: Apache-2.0

/// One pass over data. Each step writes what it has read and gives where that ends, or -1 where it is left.
///
/// Loads of text are bounds-checked by `reader`. Before a value is written there is room for `AvroTranscoder.slack` bytes;
/// what may need more looks first. Tables refer to each other by numbers that ``AvroTranscoder`` has made.
@safe struct AvroTranscoderRun {
  /// Where a field was written.
  struct Place: BitwiseCopyable {
    var start: Int32
    var end: Int32
  }

  let reader: AcceptorRun
  let steps: UnsafePointer<AvroTranscoder.Step>
  let records: UnsafePointer<AvroTranscoder.Record>
  let fields: UnsafePointer<AvroTranscoder.Field>
  let branches: UnsafePointer<AvroTranscoder.Branch>
  let defaults: UnsafePointer<UInt8>
  let powers: UnsafePointer<Double>
  /// Of the records that are under way.
  let places: UnsafeMutablePointer<Place>
  let output: UnsafeMutablePointer<UInt8>
  /// How much may be written; so much as a write may go beyond that is there behind it.
  let room: Int
  var written = 0
  private var placesTaken = 0

  init(
    reader: AcceptorRun, steps: UnsafePointer<AvroTranscoder.Step>, records: UnsafePointer<AvroTranscoder.Record>,
    fields: UnsafePointer<AvroTranscoder.Field>, branches: UnsafePointer<AvroTranscoder.Branch>,
    defaults: UnsafePointer<UInt8>, powers: UnsafePointer<Double>, places: UnsafeMutablePointer<Place>,
    output: UnsafeMutablePointer<UInt8>, room: Int
  ) {
    self.reader = reader
    unsafe (self.steps, self.records, self.fields, self.branches) = (steps, records, fields, branches)
    unsafe (self.defaults, self.powers, self.places, self.output) = (defaults, powers, places, output)
    self.room = room
  }

  /// How many bytes were written; -1 where the data is left.
  mutating func whole(_ root: Int32, from start: Int) -> Int {
    let behind = value(root, reader.blanks(start), 0, reader)
    return behind >= 0 && reader.blanks(behind) == reader.end ? written : -1
  }

  @inline(__always)
  private mutating func value(_ type: Int32, _ start: Int, _ depth: Int, _ reader: AcceptorRun) -> Int {
    let step = unsafe steps + Int(type)
    if unsafe step.pointee.kind == .string { return string(start, reader) }
    return unsafe otherValue(step, start, depth)
  }

  @unsafe
  private mutating func otherValue(_ step: UnsafePointer<AvroTranscoder.Step>, _ start: Int, _ depth: Int) -> Int {
    guard written &+ AvroTranscoder.slack <= room else { return -1 }
    switch unsafe step.pointee.kind {
    case .other: return -1
    case .string: return string(start, reader)
    case .null: return reader.literal(0x6C6C_756E, 4, start)
    case .boolean:
      let isTrue = reader.byte(start) == UInt8(ascii: "t")
      put(isTrue ? 1 : 0)
      return isTrue ? reader.literal(0x6575_7274, 4, start) : reader.literal(0x65_736C_6166, 5, start)
    case .integer: return unsafe integer(step, start)
    case .float, .double: return unsafe fraction(step.pointee.kind, start)
    case .bytes: return octets(start, size: nil)
    case .fixed: return unsafe octets(start, size: Int(step.pointee.first))
    case .enumeration: return unsafe symbol(step, start)
    case .uuid: return uuid(start)
    case .date: return unsafe reader.byte(start) == UInt8(ascii: "\"") ? date(start) : integer(step, start)
    case .timestamp, .localTimestamp:
      guard reader.byte(start) == UInt8(ascii: "\"") else { return unsafe integer(step, start) }
      return unsafe timestamp(Int64(step.pointee.first), hasZone: step.pointee.kind == .timestamp, start)
    case .decimal: return unsafe decimal(step, start)
    case .array: return unsafe array(step.pointee.first, start, depth)
    case .map: return unsafe map(step.pointee.first, start, depth)
    case .record: return unsafe record(records + Int(step.pointee.first), start, depth)
    case .union:
      guard let token = AvroProgram.Token(reader.byte(start)) else { return -1 }
      let branch = unsafe branches[Int(step.pointee.first) &+ token.rawValue]
      guard branch.type >= 0 else { return -1 }
      put(UInt8(truncatingIfNeeded: branch.index &* 2))
      return value(branch.type, start, depth, reader)
    }
  }

  private mutating func array(_ items: Int32, _ start: Int, _ depth: Int) -> Int {
    let reader = reader
    guard depth < Acceptor.maximumDepth, reader.byte(start) == UInt8(ascii: "[") else { return -1 }
    let begun = open()
    var offset = reader.blanks(start &+ 1)
    // The number of no items is the end already.
    if reader.byte(offset) == UInt8(ascii: "]") { return offset &+ 1 }
    var count = 0
    while true {
      offset = value(items, offset, depth &+ 1, reader)
      guard offset >= 0 else { return -1 }
      count &+= 1
      offset = reader.blanks(offset)
      switch reader.byte(offset) {
      case UInt8(ascii: ","): offset = reader.blanks(offset &+ 1)
      case UInt8(ascii: "]"): return close(begun, count) ? offset &+ 1 : -1
      default: return -1
      }
    }
  }

  private mutating func map(_ values: Int32, _ start: Int, _ depth: Int) -> Int {
    let reader = reader
    guard depth < Acceptor.maximumDepth, reader.byte(start) == UInt8(ascii: "{") else { return -1 }
    let begun = open()
    var offset = reader.blanks(start &+ 1)
    if reader.byte(offset) == UInt8(ascii: "}") { return offset &+ 1 }
    var count = 0
    while true {
      offset = string(offset, reader)
      guard offset >= 0 else { return -1 }
      offset = reader.blanks(offset)
      guard reader.byte(offset) == UInt8(ascii: ":") else { return -1 }
      offset = value(values, reader.blanks(offset &+ 1), depth &+ 1, reader)
      guard offset >= 0 else { return -1 }
      count &+= 1
      offset = reader.blanks(offset)
      switch reader.byte(offset) {
      case UInt8(ascii: ","): offset = reader.blanks(offset &+ 1)
      case UInt8(ascii: "}"): return close(begun, count) ? offset &+ 1 : -1
      default: return -1
      }
    }
  }

  @unsafe
  private mutating func record(_ record: UnsafePointer<AvroTranscoder.Record>, _ start: Int, _ depth: Int) -> Int {
    // A copy, which is not read again from where it lies for each byte.
    let reader = reader
    let count = unsafe Int(record.pointee.count)
    let first = placesTaken
    guard depth < Acceptor.maximumDepth, reader.byte(start) == UInt8(ascii: "{"),
      first &+ count <= AvroTranscoder.mostPlaces
    else { return -1 }
    placesTaken &+= count
    let (begun, own) = unsafe (written, places + first)
    let members = unsafe reader.names + Int(record.pointee.members)
    let types = unsafe fields + Int(record.pointee.first)
    // As long as each field comes behind the one before, all is where it belongs.
    var (met, next, expected, isInOrder): (UInt64, Int, Int, Bool) = (0, 0, 0, true)
    var offset = reader.blanks(start &+ 1)
    if reader.byte(offset) == UInt8(ascii: "}") {
      offset &+= 1
    } else {
      members: while true {
        let member = unsafe reader.name(members, count, from: next, offset)
        guard member >= 0 else { return -1 }
        next = member &+ 1
        let field = unsafe Int(members[member].shape)
        let bit: UInt64 = 1 &<< UInt64(truncatingIfNeeded: field)
        // One that is there twice is not for here.
        guard met & bit == 0 else { return -1 }
        met |= bit
        let place = written
        offset = unsafe value(
          types[field].type, reader.blanks(offset &+ Int(members[member].length)), depth &+ 1, reader)
        guard offset >= 0 else { return -1 }
        unsafe own[field] = Place(
          start: Int32(truncatingIfNeeded: place), end: Int32(truncatingIfNeeded: written))
        isInOrder = isInOrder && field == expected
        expected &+= 1
        offset = reader.blanks(offset)
        switch reader.byte(offset) {
        case UInt8(ascii: ","): offset = reader.blanks(offset &+ 1)
        case UInt8(ascii: "}"):
          offset &+= 1
          break members
        default: return -1
        }
      }
    }
    placesTaken = first
    guard unsafe met & record.pointee.required == record.pointee.required else { return -1 }
    if isInOrder && expected == count { return offset }
    return unsafe arrange(types, count, met, own, from: begun) ? offset : -1
  }

  /// Puts the fields of a record into their order, and defaults where there is none: by way of the end of the room.
  @unsafe
  private mutating func arrange(
    _ fields: UnsafePointer<AvroTranscoder.Field>, _ count: Int, _ met: UInt64, _ own: UnsafePointer<Place>,
    from begun: Int
  ) -> Bool {
    let length = written &- begun
    let aside = room &- length
    guard written &+ AvroTranscoder.slack <= aside else { return false }
    unsafe copy(output + begun, to: aside, length)
    written = begun
    for field in 0..<count {
      if met &>> UInt64(truncatingIfNeeded: field) & 1 != 0 {
        let place = unsafe own[field]
        let size = Int(place.end &- place.start)
        guard written &+ size &+ AvroTranscoder.slack <= aside else { return false }
        unsafe copy(output + (aside &+ Int(place.start) &- begun), to: written, size)
        written &+= size
      } else {
        let size = unsafe Int(fields[field].count)
        guard written &+ size &+ AvroTranscoder.slack <= aside else { return false }
        unsafe (output + written).update(from: defaults + Int(fields[field].start), count: size)
        written &+= size
      }
    }
    return true
  }
}
