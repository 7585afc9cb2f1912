// SPDX-License-Identifier: Apache-2.0

/// Makes a text that a regular expression matches.
struct PatternExample {
  /// The most characters, of all tries together.
  private var room: Int
  /// How often what may be repeated is.
  private let copies: Int
  private let turn: Int

  /// A text; nil where none was found.
  ///
  /// - Parameters:
  ///   - pattern: The expression.
  ///   - length: How many characters it may have.
  ///   - place: Its place among others that have to differ.
  static func text(_ pattern: String, length: ClosedRange<Int>, _ place: Int) -> String? {
    guard let syntax = try? PatternReading.syntax(of: pattern) else { return nil }
    var room = 5000
    for copies in [1, 0, 2, 3, length.lowerBound, length.upperBound] where copies <= 4096 {
      var example = PatternExample(room: room, copies: copies, turn: place)
      defer { room = example.room }
      guard let text = example.text(syntax, 0) else { continue }
      let padded =
        isOpenAtEnd(syntax) ? text + String(repeating: "a", count: max(0, length.lowerBound - text.count)) : text
      if length.contains(padded.unicodeScalars.count) { return padded }
    }
    return nil
  }

  private init(room: Int, copies: Int, turn: Int) { (self.room, self.copies, self.turn) = (room, copies, turn) }

  /// Whether anything may follow what is matched.
  private static func isOpenAtEnd(_ syntax: PatternSyntax) -> Bool {
    switch syntax {
    case .sequence(let parts): parts.last.map(isOpenAtEnd) ?? true
    case .choice(let parts): parts.allSatisfy(isOpenAtEnd)
    case .end, .wordBoundary, .noWordBoundary: false
    case .repeated(let part, _, _): isOpenAtEnd(part)
    default: true
    }
  }

  private mutating func text(_ syntax: PatternSyntax, _ depth: Int) -> String? {
    room -= 1
    guard room > 0, depth < 200 else { return nil }
    switch syntax {
    case .empty, .start, .end, .wordBoundary, .noWordBoundary: return ""
    case .one(let set): return Self.scalar(set, turn).map { String(Character($0)) }
    case .sequence(let parts):
      var text = ""
      for part in parts {
        guard let more = self.text(part, depth + 1) else { return nil }
        text += more
      }
      return text
    case .choice(let parts):
      for index in parts.indices {
        if let text = text(parts[(index + turn) % parts.count], depth + 1) { return text }
      }
      return nil
    case .repeated(let part, let least, let most):
      var text = ""
      for _ in 0..<max(least, min(copies, most ?? .max)) {
        guard let more = self.text(part, depth + 1) else { return least == 0 ? "" : nil }
        text += more
      }
      return text
    }
  }

  /// Characters that people read well come first.
  private static let known: [Unicode.Scalar] =
    Array("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ1234567890 -_.:/@+#".unicodeScalars)
    + (0x21...0x7E).compactMap { UnicodeScalar($0 as UInt32) }
    + (0xA1...0x24F).compactMap { UnicodeScalar($0 as UInt32) }

  private static func scalar(_ set: ScalarSet, _ turn: Int) -> Unicode.Scalar? {
    let fitting = known.lazy.filter { set.contains($0.value) }
    if turn == 0 { return fitting.first }
    let some = Array(fitting.prefix(36))
    return some.isEmpty ? nil : some[turn % some.count]
  }
}
