// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Octets

/// What a peer sends that AMQP 0-9-1 does not allow, or that we do not understand. Never has the bytes themselves.
enum ProtocolBreach: Error, Hashable {
  /// The first byte is none that a frame begins with.
  case notAMQP
  /// It answers with a protocol header: it speaks another version.
  case otherVersion
  case frameKind(UInt8)
  case frameTooLong(Int)
  case noFrameEnd
  case layout(LayoutError)
  case unknownMethod(UInt16, UInt16)
  /// A method or a piece of a message that has no place at this point.
  case outOfTurn
  /// It answers what was not asked.
  case unknownTag
  /// A limit that no message could be sent in.
  case limits
}

extension ProtocolBreach: CustomStringConvertible {
  var description: String {
    switch self {
    case .notAMQP: "what answers is not AMQP 0-9-1"
    case .otherVersion: "it speaks another version of AMQP than 0-9-1"
    case .frameKind(let kind): "it sends a frame of the unknown kind \(kind)"
    case .frameTooLong(let count): "it sends a frame of \(count) bytes, longer than agreed"
    case .noFrameEnd: "it sends a frame without an end"
    case .layout(let error): "it sends what cannot be read: \(error)"
    case .unknownMethod(let group, let method): "it sends the unknown method \(group).\(method)"
    case .outOfTurn: "it sends something out of turn"
    case .unknownTag: "it confirms what was not sent"
    case .limits: "it allows no frame that a message fits into"
    }
  }
}

/// Takes frames out of what has been received. Source: AMQP 0-9-1, section 4.2.3.
struct FrameReader {
  enum Kind: UInt8 {
    case method = 1
    case header = 2
    case body = 3
    case heartbeat = 8
  }

  struct Frame {
    let kind: Kind
    let channel: UInt16
    /// Where the payload lies in `bytes`.
    let payload: Range<Int>
  }

  /// A frame has so many bytes around its payload.
  static let overhead = 8
  private static let end: UInt8 = 0xCE

  /// What has been received and not been taken, and some of what has.
  private(set) var bytes: [UInt8] = []
  private var start = 0
  private var hasBegun = false
  /// The longest frame that is taken, with what is around it. Before anything is agreed a peer that keeps to the rules stays
  /// below it.
  var limit = 131_072

  mutating func append(_ buffer: ByteBuffer) {
    if start == bytes.count {
      bytes.removeAll(keepingCapacity: true)
      start = 0
    } else if start > 65_536 {
      bytes.removeFirst(start)
      start = 0
    }
    bytes.append(contentsOf: buffer.readableBytesView)
  }

  /// The next whole frame; nil when more has to come first.
  mutating func next() throws(ProtocolBreach) -> Frame? {
    if !hasBegun, let first = bytes.first {
      // "AMQP" and a version is what a peer sends that does not take ours.
      if first == UInt8(ascii: "A") { throw .otherVersion }
      guard first == Kind.method.rawValue else { throw .notAMQP }
      hasBegun = true
    }
    guard bytes.count - start >= 7 else { return nil }
    guard let kind = Kind(rawValue: bytes[start]) else { throw .frameKind(bytes[start]) }
    let channel = UInt16(bytes[start + 1]) << 8 | UInt16(bytes[start + 2])
    let count = bytes[(start + 3)..<(start + 7)].reduce(0) { $0 << 8 | Int($1) }
    guard count <= limit - Self.overhead else { throw .frameTooLong(count) }
    let payload = (start + 7)..<(start + 7 + count)
    guard bytes.count > payload.upperBound else { return nil }
    guard bytes[payload.upperBound] == Self.end else { throw .noFrameEnd }
    start = payload.upperBound + 1
    return Frame(kind: kind, channel: channel, payload: payload)
  }
}
