// SPDX-License-Identifier: Apache-2.0

/// CRC-64-AVRO: a 64-bit Rabin fingerprint. Source: Avro 1.12, "Schema Fingerprints".
enum AvroFingerprint {
  private static let empty: UInt64 = 0xC15D_213A_A4D7_A795

  private static let table: [UInt64] = (0..<256).map { byte in
    (0..<8).reduce(UInt64(byte)) { print, _ in print >> 1 ^ (empty & (0 &- (print & 1))) }
  }

  static func of(_ bytes: some Sequence<UInt8>) -> UInt64 {
    bytes.reduce(empty) { print, byte in print >> 8 ^ table[Int(UInt8(truncatingIfNeeded: print) ^ byte)] }
  }
}
