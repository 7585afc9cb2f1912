/// Small pieces of JSON for output that is not on the hot path.
package enum JSONText {
  /// Text as a JSON string, with its quotes.
  package static func string(_ text: String) -> String {
    var quoted: [UInt8] = [UInt8(ascii: "\"")]
    let bytes = Array(text.utf8)
    // Swift's strings are valid UTF-8, the one thing that could fail here.
    unsafe (try? quoted.appendEscaped(bytes.span.bytes, 0..<bytes.count, refusingForbidden: false))
    quoted.append(UInt8(ascii: "\""))
    return String(decoding: quoted, as: UTF8.self)
  }
}
