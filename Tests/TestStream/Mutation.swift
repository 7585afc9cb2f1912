// SPDX-License-Identifier: Apache-2.0

/// Damage to bytes, of the kinds that find mistakes in decoders.
package enum Mutation {
  /// Flips bits, cuts, inserts, or writes a tempting length over two or four bytes.
  package static func damaged(_ original: [UInt8], _ random: inout Randomness) -> [UInt8] {
    var bytes = original
    for _ in 0...Int.random(in: 0..<3, using: &random) {
      guard !bytes.isEmpty else { return bytes }
      let place = Int.random(in: 0..<bytes.count, using: &random)
      switch Int.random(in: 0..<6, using: &random) {
      case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      case 1: bytes[place] = UInt8.random(in: 0...255, using: &random)
      case 2: bytes.removeSubrange(place...)
      case 3: bytes.insert(contentsOf: bytes[..<min(place, 9)], at: place)
      case 4: bytes.remove(at: place)
      default:
        let lengths: [UInt32] = [0, 1, 0xFF, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0x0100_0000]
        let length = lengths[Int.random(in: 0..<lengths.count, using: &random)]
        let width = Bool.random(using: &random) ? 4 : 2
        for index in 0..<width where place + index < bytes.count {
          bytes[place + index] = UInt8(truncatingIfNeeded: length >> UInt32(8 * (width - 1 - index)))
        }
      }
    }
    return bytes
  }
}
