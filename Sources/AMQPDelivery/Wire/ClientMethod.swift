// SPDX-License-Identifier: Apache-2.0

import Octets

/// What we say. Source: AMQP 0-9-1 XML specification, and RabbitMQ's extensions.
enum ClientMethod {
  /// What a connection begins with.
  static let protocolHeader: [UInt8] = Array("AMQP".utf8) + [0, 0, 9, 1]
  static let heartbeat: [UInt8] = [FrameReader.Kind.heartbeat.rawValue, 0, 0, 0, 0, 0, 0, 0xCE]

  /// Who we are and what we understand, and the proof of it.
  static func startOK(mechanism: String, response: [UInt8]) -> [UInt8] {
    method(0, 10, 11) { bytes in
      bytes.appendCounted { bytes in
        bytes.appendField("product", "tailrace")
        bytes.appendField("connection_name", "tailrace")
        bytes.appendShortString("capabilities".utf8)
        bytes.append(UInt8(ascii: "F"))
        bytes.appendCounted { bytes in
          for name in ["publisher_confirms", "basic.nack", "connection.blocked", "authentication_failure_close"] {
            bytes.appendShortString(name.utf8)
            bytes += [UInt8(ascii: "t"), 1]
          }
        }
      }
      bytes.appendShortString(mechanism.utf8)
      bytes.appendCounted { $0 += response }
      bytes.appendShortString("en_US".utf8)
    }
  }

  static func tuneOK(channels: UInt16, frame: UInt32, heartbeat: UInt16) -> [UInt8] {
    method(0, 10, 31) { bytes in
      bytes.appendBigEndian(channels)
      bytes.appendBigEndian(frame)
      bytes.appendBigEndian(heartbeat)
    }
  }

  static func open(virtualHost: String) -> [UInt8] {
    method(0, 10, 40) { bytes in
      bytes.appendShortString(virtualHost.utf8)
      bytes += [0, 0]
    }
  }

  static func close(code: UInt16) -> [UInt8] {
    method(0, 10, 50) { bytes in
      bytes.appendBigEndian(code)
      bytes += [0, 0, 0, 0, 0]
    }
  }

  static let closeOK = method(0, 10, 51) { _ in }

  static func channelOpen(_ channel: UInt16) -> [UInt8] { method(channel, 20, 10) { $0.append(0) } }

  static func flowOK(_ channel: UInt16, isActive: Bool) -> [UInt8] {
    method(channel, 20, 21) { $0.append(isActive ? 1 : 0) }
  }

  static func channelCloseOK(_ channel: UInt16) -> [UInt8] { method(channel, 20, 41) { _ in } }

  static func confirmSelect(_ channel: UInt16) -> [UInt8] { method(channel, 85, 10) { $0.append(0) } }

  /// Asks whether there is such an exchange, whatever its type is.
  static func exchangeDeclarePassive(_ channel: UInt16, _ name: String) -> [UInt8] {
    method(channel, 40, 10) { bytes in
      bytes += [0, 0]
      bytes.appendShortString(name.utf8)
      bytes.appendShortString("topic".utf8)
      bytes.append(1)
      bytes.appendCounted { _ in }
    }
  }

  /// Asks whether there is such a queue.
  static func queueDeclarePassive(_ channel: UInt16, _ name: String) -> [UInt8] {
    method(channel, 50, 10) { bytes in
      bytes += [0, 0]
      bytes.appendShortString(name.utf8)
      bytes.append(1)
      bytes.appendCounted { _ in }
    }
  }

  private static func method(
    _ channel: UInt16, _ group: UInt16, _ method: UInt16, _ arguments: (inout [UInt8]) -> Void
  ) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.appendFrame(.method, channel) { bytes in
      bytes.appendBigEndian(group)
      bytes.appendBigEndian(method)
      arguments(&bytes)
    }
    return bytes
  }
}

extension [UInt8] {
  /// Appends a frame around what `payload` appends.
  mutating func appendFrame<E: Error>(
    _ kind: FrameReader.Kind, _ channel: UInt16, _ payload: (inout [UInt8]) throws(E) -> Void
  ) throws(E) {
    append(kind.rawValue)
    appendBigEndian(channel)
    try appendCounted(payload)
    append(0xCE)
  }

  /// Appends what `content` appends behind its length.
  mutating func appendCounted<E: Error>(_ content: (inout [UInt8]) throws(E) -> Void) throws(E) {
    let start = count
    append(contentsOf: [0, 0, 0, 0])
    try content(&self)
    let size = UInt32(truncatingIfNeeded: count - start - 4)
    for place in 0..<4 { self[start + place] = UInt8(truncatingIfNeeded: size >> (24 - 8 * UInt32(place))) }
  }

  /// Appends a string of at most 255 bytes; what is longer was refused before.
  mutating func appendShortString(_ text: some Collection<UInt8>) {
    append(UInt8(Swift.min(text.count, 255)))
    append(contentsOf: text.prefix(255))
  }

  /// Appends a text in a table.
  mutating func appendField(_ name: String, _ value: String) {
    appendShortString(name.utf8)
    append(UInt8(ascii: "S"))
    appendCounted { $0.append(contentsOf: value.utf8) }
  }
}
