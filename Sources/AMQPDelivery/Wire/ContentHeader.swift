// SPDX-License-Identifier: Apache-2.0

import Octets

/// What is said of a message in front of its body. Source: AMQP 0-9-1, section 4.2.6.1.
struct ContentHeader: Hashable {
  let bodySize: UInt64
  /// As it was sent; nil for none.
  let messageID: String?

  /// Which properties there are, by their bits.
  enum Flags {
    static let contentType: UInt16 = 1 << 15
    static let contentEncoding: UInt16 = 1 << 14
    static let headers: UInt16 = 1 << 13
    static let deliveryMode: UInt16 = 1 << 12
    static let priority: UInt16 = 1 << 11
    static let correlationID: UInt16 = 1 << 10
    static let replyTo: UInt16 = 1 << 9
    static let expiration: UInt16 = 1 << 8
    static let messageID: UInt16 = 1 << 7
    static let timestamp: UInt16 = 1 << 6
  }

  /// Reads a header frame's payload, as far as the message's id.
  init(_ payload: RawSpan) throws(LayoutError) {
    var bytes = payload
    try bytes.skip(4)
    bodySize = try bytes.readInteger(UInt64.self)
    let flags = try bytes.readInteger(UInt16.self)
    if flags & Flags.contentType != 0 { _ = try bytes.readShortString() }
    if flags & Flags.contentEncoding != 0 { _ = try bytes.readShortString() }
    if flags & Flags.headers != 0 { try bytes.skip(try bytes.readLength()) }
    if flags & Flags.deliveryMode != 0 { try bytes.skip(1) }
    if flags & Flags.priority != 0 { try bytes.skip(1) }
    if flags & Flags.correlationID != 0 { _ = try bytes.readShortString() }
    if flags & Flags.replyTo != 0 { _ = try bytes.readShortString() }
    if flags & Flags.expiration != 0 { _ = try bytes.readShortString() }
    messageID = flags & Flags.messageID != 0 ? try bytes.readShortString() : nil
  }
}
