// SPDX-License-Identifier: Apache-2.0

import Octets

/// Unions: what a value begins with leaves few branches, and of these any may match.
extension AvroCheck {
  mutating func union(
    _ type: Int, _ number: Int, _ depth: Int, _ program: borrowing AvroProgram, _ bytes: RawSpan
  ) -> Bool {
    let start = offset
    guard let token = token(bytes) else { return fails(.type(type), at: start) }
    let branches = program.unions[number].byToken[token.rawValue]
    guard branches.count > 1 else {
      // What does not match the only branch tells why.
      guard let branch = branches.first else { return fails(.type(type), at: start) }
      return value(program.branches[branch], depth, program, bytes)
    }
    var tried = 0
    for branch in branches {
      let branch = program.branches[branch]
      let step = program.steps[branch]
      if step.kind == .record {
        let isFitting = fits(step.first, program, bytes)
        guard spend(0) else { return fails(.ways, at: start) }
        guard isFitting else { continue }
      }
      if value(branch, depth, program, bytes) { return true }
      if case .ways = rule { return false }
      // An object within a union may have been tried many times over; a string or a number is read anew for each branch.
      offset = start
      guard skipValue(bytes), spend(offset - start) else { return fails(.ways, at: start) }
      offset = start
      tried += 1
    }
    // The only one whose members these are tells what else is wrong.
    return tried == 1 && token == .object ? false : fails(.type(type), at: start)
  }

  private func token(_ bytes: RawSpan) -> AvroProgram.Token? {
    guard offset < end else { return nil }
    switch bytes.byte(at: offset) {
    case UInt8(ascii: "n"): return .null
    case UInt8(ascii: "t"), UInt8(ascii: "f"): return .boolean
    case UInt8(ascii: "-"), 0x30...0x39: return .number
    case UInt8(ascii: "\""): return .string
    case UInt8(ascii: "{"): return .object
    case UInt8(ascii: "["): return .array
    default: return nil
    }
  }
}
