// SPDX-License-Identifier: Apache-2.0

/// Records: their members come in any order, and are written in the schema's.
extension AvroWriting {
  mutating func record(_ number: Int, _ depth: Int, _ plan: borrowing AvroPlan, _ bytes: RawSpan) -> Bool {
    guard take(UInt8(ascii: "{"), bytes), depth < AvroValidator.maximumDepth else { return false }
    let list = plan.records[number].names
    var missing = plan.records[number].required
    let (first, start) = (written.count, output.count)
    written.append(contentsOf: repeatElement(0..<0, count: list.count))
    defer { written.removeLast(written.count - first) }
    // As long as each field comes behind the one before, all is where it belongs.
    var (next, isInOrder) = (0, true)
    skipBlanks(bytes)
    if !take(UInt8(ascii: "}"), bytes) {
      repeat {
        skipBlanks(bytes)
        guard let field = field(list, plan, bytes) else { return false }
        let index = field - list.lowerBound
        guard written[first + index].lowerBound == 0 else { return false }
        let place = output.count
        guard value(plan.fields[field].type, depth + 1, plan, bytes) else { return false }
        // Counted from 1, so that what takes no bytes is there too.
        written[first + index] = (place + 1)..<(output.count + 1)
        isInOrder = isInOrder && index == next
        next += 1
        if plan.fields[field].defaultValue == nil { missing -= 1 }
        skipBlanks(bytes)
      } while take(UInt8(ascii: ","), bytes)
      guard take(UInt8(ascii: "}"), bytes) else { return false }
    }
    guard missing == 0 else { return false }
    if isInOrder, next == list.count { return true }
    sort(list, first, start, plan)
    return true
  }

  /// Puts the fields of a record into their order, and defaults where there is none.
  private mutating func sort(_ list: Range<Int>, _ first: Int, _ start: Int, _ plan: borrowing AvroPlan) {
    var sorted: [UInt8] = []
    sorted.reserveCapacity(output.count - start + 64)
    for field in list {
      let place = written[first + field - list.lowerBound]
      if place.lowerBound > 0 {
        sorted.append(contentsOf: output.bytes[(place.lowerBound - 1)..<(place.upperBound - 1)])
      } else if let value = plan.fields[field].defaultValue {
        sorted.append(contentsOf: plan.defaults[value])
      }
    }
    output.replace(from: start, with: sorted)
  }

  /// The field whose member begins here, up to its value.
  private mutating func field(_ list: Range<Int>, _ plan: borrowing AvroPlan, _ bytes: RawSpan) -> Int? {
    guard let key = name(bytes), colon(bytes) else { return nil }
    return key.isEscaped ? plan.names.find(list, bytes, escaped: key.text) : plan.names.find(list, bytes, key.text)
  }

  /// Whether an object has a record's members, as far as their names tell. It leaves the place as it was.
  mutating func fits(_ number: Int, _ plan: borrowing AvroPlan, _ bytes: RawSpan) -> Bool {
    let start = offset
    defer { offset = start }
    let isFitting = passes(number, plan, bytes)
    return spend(offset - start) && isFitting
  }

  private mutating func passes(_ number: Int, _ plan: borrowing AvroPlan, _ bytes: RawSpan) -> Bool {
    let list = plan.records[number].names
    var missing = plan.records[number].required
    guard take(UInt8(ascii: "{"), bytes) else { return false }
    skipBlanks(bytes)
    if take(UInt8(ascii: "}"), bytes) { return missing == 0 }
    repeat {
      skipBlanks(bytes)
      guard let field = field(list, plan, bytes) else { return false }
      if plan.fields[field].defaultValue == nil { missing -= 1 }
      guard skipValue(bytes) else { return false }
      skipBlanks(bytes)
    } while take(UInt8(ascii: ","), bytes)
    return missing <= 0
  }
}
