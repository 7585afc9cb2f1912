// SPDX-License-Identifier: Apache-2.0

import Octets

/// Goes once through JSON and writes it by a plan. False where it does not match, or its type cannot hold it.
struct AvroWriting: JSONTokens {
  /// Why data that matches cannot be written.
  enum Trouble {
    /// It does not match, which the check has words for.
    case other
    case inexact, outOfRange, leapSecond, fineTime, long

    var words: String {
      switch self {
      case .other: "it cannot be encoded"
      case .inexact: "a number of no more digits than its type holds"
      case .outOfRange: "a value within the range of its type"
      case .leapSecond: "a time without a leap second, which Avro has not"
      case .fineTime: "a time of no more decimals than its unit has"
      case .long: "a decimal of at most \(AvroDecimalBytes.mostDigits) digits"
      }
    }
  }

  var offset: Int
  let end: Int
  var output: AvroOutput
  var trouble = Trouble.other
  /// Where the value begins that cannot be written.
  private(set) var failedAt: Int
  /// Where each field of the records that are under way was written; empty for none yet.
  var written: [Range<Int>] = []
  private var spent = 0
  private let patience: Int

  init(_ range: Range<Int>, _ output: consuming AvroOutput) {
    (offset, end, failedAt) = (range.lowerBound, range.upperBound, range.lowerBound)
    self.output = output
    patience = 256 * range.count + 65_536
  }

  mutating func whole(_ plan: borrowing AvroPlan, _ bytes: RawSpan) -> Bool {
    skipBlanks(bytes)
    guard value(plan.root, 0, plan, bytes) else { return false }
    skipBlanks(bytes)
    return offset == end
  }

  /// Notes why a value cannot be written that may match.
  mutating func fails(_ trouble: Trouble) -> Bool {
    self.trouble = trouble
    return false
  }

  /// Notes bytes that were looked at; false when they have become too many.
  mutating func spend(_ count: Int) -> Bool {
    spent += count + 1
    return spent <= patience
  }

  /// Writes the value that begins here.
  mutating func value(_ type: Int, _ depth: Int, _ plan: borrowing AvroPlan, _ bytes: RawSpan) -> Bool {
    let start = offset
    guard start < end else { return false }
    let step = plan.steps[type]
    switch step.kind {
    case .record: return record(step.first, depth, plan, bytes)
    case .array: return array(step.first, depth, plan, bytes)
    case .map: return map(step.first, depth, plan, bytes)
    case .union: return union(step.first, depth, plan, bytes)
    default: break
    }
    trouble = .other
    guard !scalar(step, plan, bytes) else { return true }
    failedAt = start
    return false
  }

  private mutating func array(_ items: Int, _ depth: Int, _ plan: borrowing AvroPlan, _ bytes: RawSpan) -> Bool {
    guard take(UInt8(ascii: "["), bytes), depth < AvroValidator.maximumDepth else { return false }
    skipBlanks(bytes)
    let start = output.open()
    var count = 0
    // The number of no items is the end already.
    if take(UInt8(ascii: "]"), bytes) { return true }
    repeat {
      skipBlanks(bytes)
      guard value(items, depth + 1, plan, bytes) else { return false }
      count += 1
      skipBlanks(bytes)
    } while take(UInt8(ascii: ","), bytes)
    output.close(start, count)
    output.append(0)
    return take(UInt8(ascii: "]"), bytes)
  }

  private mutating func map(_ values: Int, _ depth: Int, _ plan: borrowing AvroPlan, _ bytes: RawSpan) -> Bool {
    guard take(UInt8(ascii: "{"), bytes), depth < AvroValidator.maximumDepth else { return false }
    skipBlanks(bytes)
    let start = output.open()
    var count = 0
    if take(UInt8(ascii: "}"), bytes) { return true }
    repeat {
      skipBlanks(bytes)
      guard string(bytes), colon(bytes), value(values, depth + 1, plan, bytes) else { return false }
      count += 1
      skipBlanks(bytes)
    } while take(UInt8(ascii: ","), bytes)
    output.close(start, count)
    output.append(0)
    return take(UInt8(ascii: "}"), bytes)
  }

  /// What a value begins with leaves few branches, and of these one at most takes it.
  private mutating func union(_ number: Int, _ depth: Int, _ plan: borrowing AvroPlan, _ bytes: RawSpan) -> Bool {
    guard let token = AvroProgram.Token(bytes.byte(at: offset)) else { return false }
    let branches = plan.unions[number][token.rawValue]
    guard branches.count > 1 else {
      guard let index = branches.first else { return false }
      let branch = plan.branches[index]
      output.long(Int64(branch.index))
      return value(branch.type, depth, plan, bytes)
    }
    let (start, before, fields) = (offset, output.count, written.count)
    for index in branches {
      let branch = plan.branches[index]
      let step = plan.steps[branch.type]
      if step.kind == .record {
        let isFitting = fits(step.first, plan, bytes)
        guard spend(0) else { return false }
        guard isFitting else { continue }
      }
      output.long(Int64(branch.index))
      if value(branch.type, depth, plan, bytes) { return true }
      // What matches, but its type cannot hold it, is of this branch.
      guard case .other = trouble, spend(0) else { return false }
      output.truncate(before)
      written.removeLast(written.count - fields)
      offset = start
      guard skipValue(bytes), spend(offset - start) else { return false }
      offset = start
    }
    return false
  }
}

extension AvroProgram.Token {
  /// By the first byte of a value; nil where it begins none.
  init?(_ byte: UInt8) {
    switch byte {
    case UInt8(ascii: "n"): self = .null
    case UInt8(ascii: "t"), UInt8(ascii: "f"): self = .boolean
    case UInt8(ascii: "-"), 0x30...0x39: self = .number
    case UInt8(ascii: "\""): self = .string
    case UInt8(ascii: "{"): self = .object
    case UInt8(ascii: "["): self = .array
    default: return nil
    }
  }
}
