// SPDX-License-Identifier: Apache-2.0

/// Files of lines, the last of which a crash may have left half written.
extension OpenFile {
  /// The offset behind the last newline before an offset; 0 when there is none.
  package func lineStart(before end: Int64) throws(SystemFailure) -> Int64 {
    var end = end
    while end > 0 {
      let start = max(0, end - 65_536)
      let piece = try read(start..<end)
      if let newline = piece.lastIndex(of: UInt8(ascii: "\n")) { return start + Int64(newline) + 1 }
      end = start
    }
    return 0
  }

  /// How long the file is without a torn last line.
  package func wholeLength() throws(SystemFailure) -> Int64 { try lineStart(before: status().size) }

  /// The last whole line before an offset behind a newline, with that newline; empty when there is none.
  package func lastLine(before end: Int64) throws(SystemFailure) -> [UInt8] {
    guard end > 0 else { return [] }
    return try read(lineStart(before: end - 1)..<end)
  }
}
