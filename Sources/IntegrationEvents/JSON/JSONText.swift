// SPDX-License-Identifier: Apache-2.0

import Octets

/// Small pieces of JSON for output that is not on the hot path.
package enum JSONText {
  /// Whether bytes are one JSON value.
  package static func isValue(_ bytes: [UInt8]) -> Bool {
    unsafe (try? JSONScanner.validate(bytes.span.bytes, 0..<bytes.count)) != nil
  }

  /// Text as a JSON string, with its quotes.
  package static func string(_ text: String) -> String {
    let bytes = Array(text.utf8)
    var quoted: [UInt8] = []
    quoted.append(room: bytes.count * LineWriter.longestEscape + 2 + LineWriter.slack) { line in
      line.append("\"")
      // Swift's strings are valid UTF-8, the one thing that could fail here.
      if let escaped = unsafe try? line.appendingEscaped(bytes.span.bytes, 0..<bytes.count, refusingForbidden: false) {
        line = escaped
      }
      line.append("\"")
    }
    return String(decoding: quoted, as: UTF8.self)
  }

  /// JSON, or a text to be read, with an escape for each character beyond ASCII.
  package static func ascii(_ text: String) -> String {
    var escaped = ""
    for scalar in text.unicodeScalars {
      if scalar.isASCII { escaped.unicodeScalars.append(scalar) } else { escaped += scalar.jsonEscape }
    }
    return escaped
  }
}
