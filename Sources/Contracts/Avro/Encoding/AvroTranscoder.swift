// SPDX-License-Identifier: Apache-2.0

/// Writes most data that matches a schema in Avro's binary form, in one pass from text to bytes; the rest it leaves.
///
/// What it writes is right. Data that does not match, and what is written or ruled in a way that is rare, is left to
/// ``AvroWriting``, which knows the place and the reason. It is to that what ``Acceptor`` is to the check, and finds
/// members as that does.
struct AvroTranscoder: Sendable {
  enum Kind: UInt8, BitwiseCopyable, Sendable {
    /// Left, whatever stands there.
    case other
    case null, boolean, integer, float, double, string, bytes, fixed, enumeration, uuid
    case date, timestamp, localTimestamp, decimal, array, map, record, union
  }

  /// What a type is written by.
  struct Step: BitwiseCopyable, Sendable {
    var kind = Kind.other
    /// Of an array or map: its elements' type. Of a record: which one. Of a union: where its branches begin. Of a fixed: its
    /// size. Of an enum: where its symbols begin among the names. Of a decimal: its precision. Of a timestamp: units a second.
    var first: Int32 = 0
    /// Of an enum: how many symbols. Of a decimal: its scale.
    var second: Int32 = 0
    /// Of a decimal: the size of its fixed; -1 for bytes.
    var third: Int32 = -1
    /// What a number without a point may be.
    var low = Int64.min
    var high = Int64.max
  }

  struct Record: BitwiseCopyable, Sendable {
    /// Its members among the names, whose shapes are numbers of its fields.
    var members: Int32
    /// Its fields in `fields`, in their order: from the first, and how many. At most ``Acceptor/mostNames``.
    var first: Int32
    var count: Int32
    /// The fields that have to be there, a bit each.
    var required: UInt64
  }

  struct Field: BitwiseCopyable, Sendable {
    var type: Int32
    /// Its default in `defaults`.
    var start: Int32 = 0
    var count: Int32 = 0
  }

  /// What a union is written as, by what a value begins with, as `AvroProgram.Token` counts.
  struct Branch: BitwiseCopyable, Sendable {
    /// -1 where there is none, or more than one.
    var type: Int32 = -1
    var index: Int32 = 0
  }

  /// Longer data is left.
  private static let mostBytes = 16 << 20
  /// How far a write may go beyond what it writes.
  static let slack = 32
  /// As many fields of the records that are under way are remembered.
  static let mostPlaces = 128

  private var steps: [Step] = []
  private var records = [Record(members: 0, first: 0, count: 0, required: 0)]
  private var fields = [Field(type: 0)]
  private var branches = [Branch()]
  private var defaults: [UInt8]
  /// Of ten; each is exact.
  private let powers: [Double]
  /// Names of members and symbols.
  private var names = Acceptor()
  private let root: Int32
  /// How many bytes may become of one.
  private var growth = 2

  init(_ schema: AvroSchema, _ plan: AvroPlan) {
    root = Int32(plan.root)
    defaults = plan.defaults + [0]
    powers = (0..<22).reduce(into: [1]) { powers, _ in powers.append((powers.last ?? 1) * 10) }
    names.shapes = [Acceptor.Shape()]
    for (number, type) in schema.types.enumerated() { steps.append(step(type, plan.steps[number], plan)) }
  }

  private mutating func step(_ type: AvroType, _ planned: AvroPlan.Step, _ plan: AvroPlan) -> Step {
    var step = Step(first: Int32(clamping: planned.first), second: Int32(clamping: planned.second))
    step.third = Int32(clamping: planned.third)
    switch planned.kind {
    case .bigDecimal, .uuidBytes: step.kind = .other
    case .null: step.kind = .null
    case .boolean: step.kind = .boolean
    case .int, .date:
      step.kind = planned.kind == .date ? .date : .integer
      (step.low, step.high) = (Int64(Int32.min), Int64(Int32.max))
    case .long: step.kind = .integer
    case .time: (step.kind, step.low, step.high) = (.integer, 0, Int64(86_400 * planned.first) - 1)
    case .timestamp: step.kind = .timestamp
    case .localTimestamp: step.kind = .localTimestamp
    case .float, .double:
      step.kind = planned.kind == .float ? .float : .double
      growth = 5
    case .string: step.kind = .string
    case .bytes: step.kind = .bytes
    case .fixed: step.kind = .fixed
    case .uuidText: step.kind = .uuid
    case .decimal: step.kind = planned.first <= 18 && planned.third <= 64 ? .decimal : .other
    case .array: step.kind = .array
    case .map: step.kind = .map
    case .enumeration:
      guard case .enumeration(_, let enumeration) = type.shape else { break }
      var shape = Acceptor.Shape()
      names.allow(symbols: enumeration.symbols, in: &shape)
      guard shape.text == .symbol, shape.symbolCount == enumeration.symbols.count else { break }
      (step.kind, step.first, step.second) = (.enumeration, shape.symbols, shape.symbolCount)
    case .record:
      guard case .record(_, let own) = type.shape else { break }
      let members = own.enumerated().map {
        Acceptor.Member(name: $1.name, shape: Int32($0), isRequired: $1.defaultValue == nil)
      }
      let object = names.add(object: members)
      guard object >= 0, names.objects[Int(object)].count == own.count else { break }
      let planned = plan.records[planned.first].names
      var record = Record(
        members: names.objects[Int(object)].members, first: Int32(fields.count), count: Int32(own.count), required: 0)
      for (index, field) in own.enumerated() {
        if field.defaultValue == nil { record.required |= 1 << UInt64(index) }
        let value = plan.fields[planned.lowerBound + index].defaultValue ?? 0..<0
        fields.append(Field(type: Int32(field.use.type), start: Int32(value.lowerBound), count: Int32(value.count)))
      }
      (step.kind, step.first) = (.record, Int32(records.count))
      records.append(record)
    case .union:
      (step.kind, step.first) = (.union, Int32(branches.count))
      for range in plan.unions[planned.first] {
        guard range.count == 1, case let branch = plan.branches[range.lowerBound], branch.index < 64 else {
          branches.append(Branch())
          continue
        }
        branches.append(Branch(type: Int32(branch.type), index: Int32(branch.index)))
      }
    }
    return step
  }

  /// Appends the binary form of data; where it leaves it, false, and nothing is appended.
  func append(_ bytes: RawSpan, _ range: Range<Int>, to output: inout [UInt8]) -> Bool {
    guard range.count <= Self.mostBytes else { return false }
    let room = range.count * growth + 4 * Self.slack
    return unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: room) { written in
      unsafe withUnsafeTemporaryAllocation(of: AvroTranscoderRun.Place.self, capacity: Self.mostPlaces) { places in
        guard let start = written.baseAddress, let places = places.baseAddress,
          case let count = unsafe write(bytes, range, to: start, room, places), count >= 0
        else { return false }
        unsafe output.append(contentsOf: UnsafeBufferPointer(start: start, count: count))
        return true
      }
    }
  }

  /// How many bytes were written; -1 where it leaves it.
  @unsafe @inline(__always)
  private func write(
    _ bytes: RawSpan, _ range: Range<Int>, to output: UnsafeMutablePointer<UInt8>, _ room: Int,
    _ places: UnsafeMutablePointer<AvroTranscoderRun.Place>
  ) -> Int {
    unsafe names.run(bytes, range) { reader in
      unsafe steps.withUnsafeBufferPointer { steps in
        unsafe records.withUnsafeBufferPointer { records in
          unsafe fields.withUnsafeBufferPointer { fields in
            unsafe branches.withUnsafeBufferPointer { branches in
              unsafe defaults.withUnsafeBufferPointer { defaults in
                unsafe powers.withUnsafeBufferPointer { powers in
                  // Each table has something in it, if only for that.
                  guard let steps = steps.baseAddress, let records = records.baseAddress,
                    let fields = fields.baseAddress, let branches = branches.baseAddress,
                    let defaults = defaults.baseAddress, let powers = powers.baseAddress
                  else { return -1 }
                  var run = unsafe AvroTranscoderRun(
                    reader: reader, steps: steps, records: records, fields: fields, branches: branches,
                    defaults: defaults, powers: powers, places: places, output: output, room: room - Self.slack)
                  return run.whole(root, from: range.lowerBound)
                }
              }
            }
          }
        }
      }
    } ?? -1
  }
}
