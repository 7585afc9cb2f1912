// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents
import Octets

/// Finds the way to a place in JSON text.
enum JSONPointerSearch {
  /// An array or object that is open.
  private struct Level {
    var isObject: Bool
    var index = 0
    /// The name of the member that is being read.
    var key: Range<Int>?
    var isAtKey: Bool
  }

  /// The JSON Pointer of the value that begins at an offset of text that is JSON. Long names are shortened.
  static func of(_ target: Int, _ bytes: RawSpan, _ range: Range<Int>) -> String {
    var levels: [Level] = []
    var offset = range.lowerBound
    while offset < min(target, range.upperBound) {
      switch bytes.byte(at: offset) {
      case UInt8(ascii: "{"): levels.append(Level(isObject: true, isAtKey: true))
      case UInt8(ascii: "["): levels.append(Level(isObject: false, isAtKey: false))
      case UInt8(ascii: "}"), UInt8(ascii: "]"): _ = levels.popLast()
      case UInt8(ascii: ","):
        guard let last = levels.indices.last else { break }
        levels[last].index += 1
        levels[last].isAtKey = levels[last].isObject
      case UInt8(ascii: "\""):
        let start = offset + 1
        offset = start
        while offset < range.upperBound, bytes.byte(at: offset) != UInt8(ascii: "\"") {
          offset += bytes.byte(at: offset) == UInt8(ascii: "\\") ? 2 : 1
        }
        if let last = levels.indices.last, levels[last].isAtKey {
          levels[last].key = start..<min(offset, range.upperBound)
          levels[last].isAtKey = false
        }
      default: break
      }
      offset += 1
    }
    return levels.map { "/" + step($0, bytes) }.joined()
  }

  private static func step(_ level: Level, _ bytes: RawSpan) -> String {
    guard level.isObject else { return "\(level.index)" }
    guard let key = level.key else { return "" }
    var name: [UInt8] = []
    _ = name.appendUnescaped(bytes, key)
    var step = ""
    for character in ForeignText(String(decoding: name, as: UTF8.self)).shortened().unicodeScalars {
      switch character {
      case "~": step += "~0"
      case "/": step += "~1"
      default: step.unicodeScalars.append(character)
      }
    }
    return step
  }
}
