// SPDX-License-Identifier: Apache-2.0

import Octets

/// What a broker says in a method frame. Source: AMQP 0-9-1 XML specification, and RabbitMQ's extensions.
enum ServerMethod: Hashable {
  case start(version: UInt8, revision: UInt8, properties: FieldTable, mechanisms: String)
  case secure
  case tune(channels: UInt16, frame: UInt32, heartbeat: UInt16)
  case openOK
  case close(code: UInt16)
  case closeOK
  case blocked
  case unblocked
  case channelOpenOK
  case flow(isActive: Bool)
  case channelClose(code: UInt16)
  case channelCloseOK
  case exchangeDeclareOK
  case queueDeclareOK
  case confirmSelectOK
  case returned(code: UInt16, routingKey: String)
  case ack(tag: UInt64, multiple: Bool)
  case nack(tag: UInt64, multiple: Bool)

  /// Reads a method frame's payload, all of it.
  init(_ payload: RawSpan) throws(ProtocolBreach) {
    var bytes = payload
    let (group, method): (UInt16, UInt16)
    let read: ServerMethod?
    do throws(LayoutError) {
      (group, method) = (try bytes.readInteger(UInt16.self), try bytes.readInteger(UInt16.self))
      read = try Self.read(group, method, &bytes)
      if read != nil { try bytes.expectEnd() }
    } catch {
      throw .layout(error)
    }
    guard let read else { throw .unknownMethod(group, method) }
    self = read
  }

  /// Nil for a method that is not known.
  private static func read(
    _ group: UInt16, _ method: UInt16, _ bytes: inout RawSpan
  ) throws(LayoutError) -> ServerMethod? {
    switch (group, method) {
    case (10, 10):
      let (version, revision) = (try bytes.readByte(), try bytes.readByte())
      let properties = try FieldTable(from: &bytes)
      let mechanisms = try bytes.readLongString()
      try bytes.skip(try bytes.readLength())
      return .start(
        version: version, revision: revision, properties: properties, mechanisms: mechanisms)
    case (10, 20):
      try bytes.skip(try bytes.readLength())
      return .secure
    case (10, 30):
      let (channels, frame) = (try bytes.readInteger(UInt16.self), try bytes.readInteger(UInt32.self))
      return .tune(channels: channels, frame: frame, heartbeat: try bytes.readInteger(UInt16.self))
    case (10, 41):
      _ = try bytes.readShortString()
      return .openOK
    case (10, 50): return .close(code: try closing(&bytes))
    case (10, 51): return .closeOK
    case (10, 60):
      _ = try bytes.readShortString()
      return .blocked
    case (10, 61): return .unblocked
    case (20, 11):
      try bytes.skip(try bytes.readLength())
      return .channelOpenOK
    case (20, 20): return .flow(isActive: try bytes.readByte() & 1 == 1)
    case (20, 40): return .channelClose(code: try closing(&bytes))
    case (20, 41): return .channelCloseOK
    case (40, 11): return .exchangeDeclareOK
    case (50, 11):
      _ = try bytes.readShortString()
      try bytes.skip(8)
      return .queueDeclareOK
    case (60, 50):
      let code = try bytes.readInteger(UInt16.self)
      _ = try bytes.readShortString()
      _ = try bytes.readShortString()
      return .returned(code: code, routingKey: try bytes.readShortString())
    case (60, 80): return .ack(tag: try bytes.readInteger(UInt64.self), multiple: try bytes.readByte() & 1 == 1)
    case (60, 120): return .nack(tag: try bytes.readInteger(UInt64.self), multiple: try bytes.readByte() & 1 == 1)
    case (85, 11): return .confirmSelectOK
    default: return nil
    }
  }

  /// Takes why something is closed: the code. Its words are not shown, and what caused it is known.
  private static func closing(_ bytes: inout RawSpan) throws(LayoutError) -> UInt16 {
    let code = try bytes.readInteger(UInt16.self)
    _ = try bytes.readShortString()
    try bytes.skip(4)
    return code
  }
}
