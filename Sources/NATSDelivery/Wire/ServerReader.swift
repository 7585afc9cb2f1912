// SPDX-License-Identifier: Apache-2.0

/// What a server sends. Source: NATS documentation, "Client Protocol".
package enum ServerWord: Hashable, Sendable {
  /// Who it is and what it takes, as JSON.
  case info([UInt8])
  case message(ServerMessage)
  case ping
  case pong
  case ok
  /// What went wrong, in its words.
  case error(String)
}

/// A message as it is delivered.
package struct ServerMessage: Hashable, Sendable {
  package let subject: [UInt8]
  /// The status of a message that the server itself makes, such as 503: nobody listens.
  package let status: Int?
  package let payload: [UInt8]
  /// Whether its payload is here: one that is longer than any that was asked for is passed over.
  package var isWhole = true
}

/// What a server sends that the protocol does not allow, or that we do not take. Never has the bytes themselves.
package enum WordBreach: Error, Hashable {
  /// A line begins with none of the known words.
  case unknown
  /// A line, or what is behind a message, does not end where it has to.
  case noEnd
  /// A line has too few words, too many, or a number that is none.
  case malformed
  /// A line is longer than anything that has to be said.
  case lineTooLong
  /// A message is longer than anything that is asked for.
  case messageTooLong
  /// It says what has no place at this point.
  case outOfTurn
}

extension WordBreach: CustomStringConvertible {
  package var description: String {
    switch self {
    case .unknown, .noEnd, .malformed: "what answers does not speak the protocol of NATS"
    case .lineTooLong: "it sends a line that is longer than any that has to be sent"
    case .messageTooLong: "it sends a message that is longer than any that was asked for"
    case .outOfTurn: "it says something out of turn"
    }
  }
}

/// Takes words out of what has been received, whatever pieces it comes in. Each byte is looked at once, and a size is held
/// against a limit before anything is waited for. Source: NATS documentation, "Client Protocol".
package struct ServerReader {
  /// The longest line that is taken.
  package static let lineLimit = 65_536
  /// The longest message that is kept, with its headers.
  package static let messageLimit = 2 << 20
  /// The longest that there can be, as text that holds the largest payload of a server (64 MB). Nothing is kept of it.
  package static let skippedLimit = 128 << 20
  private static let prefix = Array("NATS/1.0 ".utf8)

  /// A message whose line has come.
  private struct Coming {
    let subject: [UInt8]
    let headers: Int
    let total: Int
    /// How many bytes of one that is not kept have still to come.
    var skipped: Int
  }

  private var bytes: [UInt8] = []
  /// Where what has not been taken begins.
  private var start = 0
  /// Up to where it has been looked for the end of a line.
  private var seen = 0
  private var coming: Coming?

  package init() {}

  /// Whether all that has come has been taken.
  package var isEmpty: Bool { start == bytes.count && coming == nil }

  package mutating func append(_ piece: some Collection<UInt8>) {
    if start == bytes.count {
      bytes.removeAll(keepingCapacity: true)
      (start, seen) = (0, 0)
    } else if start > 65_536 {
      bytes.removeFirst(start)
      seen -= start
      start = 0
    }
    bytes.append(contentsOf: piece)
  }

  /// The next whole word; nil when more has to come first.
  package mutating func next() throws(WordBreach) -> ServerWord? {
    if coming == nil {
      guard let line = try line() else { return nil }
      if let word = try read(line) { return word }
    }
    if coming.map({ $0.skipped > 0 }) == true { skip() }
    guard let message = coming else { return nil }
    if message.total > Self.messageLimit { return try end(ofSkipped: message) }
    guard bytes.count - start >= message.total + 2 else { return nil }
    let end = start + message.total
    guard bytes[end] == 0x0D, bytes[end + 1] == 0x0A else { throw .noEnd }
    let status = try status(start..<start + message.headers)
    let payload = Array(bytes[start + message.headers..<end])
    coming = nil
    start = end + 2
    seen = start
    return .message(ServerMessage(subject: message.subject, status: status, payload: payload))
  }

  /// Passes over what has come of a message that is not kept.
  private mutating func skip() {
    let count = min(bytes.count - start, coming?.skipped ?? 0)
    coming?.skipped -= count
    start += count
    seen = start
  }

  private mutating func end(ofSkipped message: Coming) throws(WordBreach) -> ServerWord? {
    guard message.skipped == 0, bytes.count - start >= 2 else { return nil }
    guard bytes[start] == 0x0D, bytes[start + 1] == 0x0A else { throw .noEnd }
    coming = nil
    start += 2
    seen = start
    return .message(ServerMessage(subject: message.subject, status: nil, payload: [], isWhole: false))
  }

  /// The next whole line without its end, which is taken; nil when it has not come.
  private mutating func line() throws(WordBreach) -> Range<Int>? {
    while seen < bytes.count, bytes[seen] != 0x0A { seen += 1 }
    guard seen - start <= Self.lineLimit else { throw .lineTooLong }
    guard seen < bytes.count else { return nil }
    guard seen > start, bytes[seen - 1] == 0x0D else { throw .noEnd }
    let line = start..<seen - 1
    seen += 1
    start = seen
    return line
  }

  /// Reads a line; nil where a message follows it.
  private mutating func read(_ line: Range<Int>) throws(WordBreach) -> ServerWord? {
    let end = bytes[line].firstIndex { $0 == 0x20 || $0 == 0x09 } ?? line.upperBound
    let rest = end..<line.upperBound
    switch String(decoding: bytes[line.lowerBound..<end].prefix(8), as: UTF8.self).uppercased() {
    case "INFO": return .info(Array(bytes[rest]))
    case "PING": return .ping
    case "PONG": return .pong
    case "+OK": return .ok
    case "-ERR": return .error(String(decoding: bytes[rest].prefix(4096), as: UTF8.self))
    case "MSG": try begin(rest, hasHeaders: false)
    case "HMSG": try begin(rest, hasHeaders: true)
    default: throw .unknown
    }
    return nil
  }

  /// `subject sid [reply] [headers] total`.
  private mutating func begin(_ rest: Range<Int>, hasHeaders: Bool) throws(WordBreach) {
    let words = bytes[rest].split(maxSplits: 8) { $0 == 0x20 || $0 == 0x09 }
    let numbers = hasHeaders ? 2 : 1
    guard (2 + numbers...3 + numbers).contains(words.count) else { throw .malformed }
    let total = try number(words[words.count - 1])
    let headers = hasHeaders ? try number(words[words.count - 2]) : 0
    guard headers <= total else { throw .malformed }
    guard total <= Self.skippedLimit else { throw .messageTooLong }
    coming = Coming(
      subject: Array(words[0]), headers: headers, total: total, skipped: total > Self.messageLimit ? total : 0)
  }

  private func number(_ digits: ArraySlice<UInt8>) throws(WordBreach) -> Int {
    guard (1...9).contains(digits.count) else { throw digits.isEmpty ? .malformed : .messageTooLong }
    var value = 0
    for digit in digits {
      guard (0x30...0x39).contains(digit) else { throw .malformed }
      value = value * 10 + Int(digit - 0x30)
    }
    return value
  }

  /// The status of the first line of headers; nil where it has none.
  private func status(_ headers: Range<Int>) throws(WordBreach) -> Int? {
    let digits = bytes[headers].dropFirst(Self.prefix.count).prefix(3)
    guard bytes[headers].starts(with: Self.prefix), digits.count == 3,
      digits.allSatisfy({ (0x30...0x39).contains($0) })
    else { return nil }
    return try number(digits)
  }
}
