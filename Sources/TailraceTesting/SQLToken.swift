// SPDX-License-Identifier: Apache-2.0

/// A word of a script.
enum SQLToken: Hashable {
  /// A name or key word, in lower case unless it was quoted.
  case name(String, isQuoted: Bool)
  /// What stood between the quotes.
  case text(String)
  case number(String)
  case symbol(Character)
  /// `::`, before a type.
  case cast

  /// As it may be shown in an error: a value is not.
  var shown: String {
    switch self {
    case .name(let name, _): name
    case .text: "a string"
    case .number(let number): number
    case .symbol(let symbol): String(symbol)
    case .cast: "::"
    }
  }
}

/// What cannot be read in a script, and in which line.
struct SQLMistake: Error {
  let line: Int
  let what: String
}

/// Takes a script apart. Source: PostgreSQL manual, "Lexical Structure".
struct SQLTokens {
  private let characters: [Character]
  private var position = 0
  private(set) var line = 1

  init(_ script: String) { characters = Array(script) }

  /// The next word; nil at the end.
  mutating func next() throws(SQLMistake) -> SQLToken? {
    try skipBlanks()
    guard let first = peek() else { return nil }
    switch first {
    case "'": return .text(try quoted("'", escapes: false))
    case "\"": return .name(try quoted("\"", escapes: false), isQuoted: true)
    case "$": return .text(try dollarQuoted())
    case ":" where peek(1) == ":":
      advance(2)
      return .cast
    case _ where first.isASCII && first.isNumber || ("+-.".contains(first) && peek(1)?.isNumber == true):
      return .number(take { $0.isLetter || $0.isNumber || "+-.".contains($0) })
    case _ where first.isLetter || first == "_":
      if "eE".contains(first), peek(1) == "'" {
        advance(1)
        return .text(try quoted("'", escapes: true))
      }
      return .name(take { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "$" }.lowercased(), isQuoted: false)
    default:
      advance(1)
      return .symbol(first)
    }
  }

  private func peek(_ distance: Int = 0) -> Character? {
    position + distance < characters.count ? characters[position + distance] : nil
  }

  private mutating func advance(_ count: Int) {
    for _ in 0..<count where position < characters.count {
      if characters[position].isNewline { line += 1 }
      position += 1
    }
  }

  private mutating func take(while isPart: (Character) -> Bool) -> String {
    let start = position
    while let character = peek(), isPart(character) { advance(1) }
    return String(characters[start..<position])
  }

  private mutating func skipBlanks() throws(SQLMistake) {
    while let character = peek() {
      if character.isWhitespace {
        advance(1)
      } else if character == "-", peek(1) == "-" {
        _ = take { !$0.isNewline }
      } else if character == "/", peek(1) == "*" {
        try skipComment()
      } else {
        return
      }
    }
  }

  private mutating func skipComment() throws(SQLMistake) {
    let start = line
    var depth = 0
    repeat {
      guard let character = peek() else { throw SQLMistake(line: start, what: "a comment has no end") }
      let (isStart, isEnd) = (character == "/" && peek(1) == "*", character == "*" && peek(1) == "/")
      depth += isStart ? 1 : isEnd ? -1 : 0
      advance(isStart || isEnd ? 2 : 1)
    } while depth > 0
  }

  /// A quote within is written twice.
  private mutating func quoted(_ quote: Character, escapes: Bool) throws(SQLMistake) -> String {
    let start = line
    var text = ""
    advance(1)
    while let character = peek() {
      advance(1)
      if character == quote {
        guard peek() == quote else { return text }
        advance(1)
      } else if escapes, character == "\\", let escaped = peek() {
        advance(1)
        guard let meant = Self.escapes[escaped] else {
          throw SQLMistake(line: line, what: "of the escapes only \\b, \\f, \\n, \\r, \\t, \\\\ and \\' are known here")
        }
        text.append(meant)
        continue
      }
      text.append(character)
    }
    throw SQLMistake(line: start, what: "a quote has no end")
  }

  private static let escapes: [Character: Character] = [
    "b": "\u{8}", "f": "\u{C}", "n": "\n", "r": "\r", "t": "\t", "\\": "\\", "'": "'",
  ]

  private mutating func dollarQuoted() throws(SQLMistake) -> String {
    let start = line
    advance(1)
    let tag = take { $0.isLetter || $0.isNumber || $0 == "_" }
    guard peek() == "$" else { throw SQLMistake(line: start, what: "a parameter has no value here") }
    advance(1)
    let end = Array("$\(tag)$")
    let first = position
    while position + end.count <= characters.count {
      if peek() == "$", characters[position..<(position + end.count)].elementsEqual(end) {
        let text = String(characters[first..<position])
        advance(end.count)
        return text
      }
      advance(1)
    }
    throw SQLMistake(line: start, what: "a quote has no end")
  }
}
