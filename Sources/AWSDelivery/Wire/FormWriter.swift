// SPDX-License-Identifier: Apache-2.0

import Octets

/// Writes a request of the query protocol: names and values as a form. Source: URL Standard, "application/x-www-form-urlencoded";
/// what AWS takes: all but letters, digits and `-._~` as `%XX`.
struct FormWriter {
  static let contentType = "application/x-www-form-urlencoded; charset=utf-8"

  private(set) var bytes: [UInt8] = []

  mutating func append(_ name: String, _ value: String) { append(name, value.utf8) }

  mutating func append(_ name: String, _ value: some Sequence<UInt8>) {
    if !bytes.isEmpty { bytes.append(UInt8(ascii: "&")) }
    bytes.append(contentsOf: name.utf8)
    bytes.append(UInt8(ascii: "="))
    bytes.appendPercentEncoded(value) { byte in
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
      default: byte == 0x2D || byte == 0x2E || byte == 0x5F || byte == 0x7E
      }
    }
  }
}
