// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents
import Octets
import PgOutput
import PostgresWire

/// Turns values in PostgreSQL's binary form into the text that the server would have sent.
///
/// Source: the send functions of the types; for text, json and enumerations the two forms are the same.
enum BinaryColumns {
  /// The built-in types whose two forms are the same: "char", name, text, json, xml, unknown, bpchar, varchar.
  private static let alike: Set<ObjectID> = [18, 19, 25, 114, 142, 705, 1042, 1043]
  /// Types that are not built in have identifiers from here on. Source: PostgreSQL, access/transam.h.
  private static let firstOther: ObjectID = 16_384

  /// Appends the text; false when the bytes do not have the type's layout.
  static func appendText(of bytes: RawSpan, _ range: Range<Int>, type: ObjectID, to text: inout [UInt8]) -> Bool {
    var value = bytes.extracting(range)
    do {
      switch type {
      case BuiltInType.int2: text.append(contentsOf: String(try value.readInteger(Int16.self)).utf8)
      case BuiltInType.int4: text.append(contentsOf: String(try value.readInteger(Int32.self)).utf8)
      case BuiltInType.int8: text.append(contentsOf: String(try value.readInteger(Int64.self)).utf8)
      case BuiltInType.uuid:
        for index in 0..<16 {
          if [4, 6, 8, 10].contains(index) { text.append(UInt8(ascii: "-")) }
          text.appendHexadecimal(try value.readByte())
        }
      case BuiltInType.timestamp, BuiltInType.timestamptz:
        let microseconds = try value.readTimestamp()
        // The ends of the range stand for the infinities, which no event can carry.
        guard let time = EventTime(unixMicroseconds: microseconds.unixMicroseconds) else {
          text.append(contentsOf: "infinity".utf8)
          return true
        }
        text.append(contentsOf: time.description.utf8)
      case BuiltInType.jsonb:
        guard try value.readByte() == 1 else { return false }
        text.append(bytes, (range.lowerBound + 1)..<range.upperBound)
        return true
      case BuiltInType.bytea:
        text.append(contentsOf: "\\x".utf8)
        while !value.isEmpty { text.appendHexadecimal(try value.readByte()) }
      case BuiltInType.bool: text.append(try value.readByte() == 0 ? UInt8(ascii: "f") : UInt8(ascii: "t"))
      case ..<firstOther where !alike.contains(type): return false
      default:
        text.append(bytes, range)
        return true
      }
      return value.isEmpty
    } catch {
      return false
    }
  }
}
