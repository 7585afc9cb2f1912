// SPDX-License-Identifier: Apache-2.0

/// Keeps messages from filling a log that say the same again and again: the first ones are said, the others counted.
struct Repeats {
  enum Verdict: Equatable {
    case say
    /// Until when it is counted, at the first that is; nil at further ones.
    case count(until: ContinuousClock.Instant?)
  }

  private struct Key: Hashable {
    let kind: String
    let relay: String?
  }

  private struct Line {
    var until: ContinuousClock.Instant
    var said = 0
    var counted = 0
    var last = ""
  }

  /// So many of a kind are said in so long a time.
  static let burst = 10
  static let window: Duration = .seconds(60)
  /// No more kinds than these are kept in mind.
  private static let most = 100

  private var lines: [Key: Line] = [:]

  /// Takes a message, of a relay where there are several.
  mutating func take(_ text: String, of relay: String? = nil, now: ContinuousClock.Instant = .now) -> Verdict {
    let key = Key(kind: Self.kind(of: text), relay: relay)
    if let known = lines[key], known.until <= now, known.counted == 0 { lines[key] = nil }
    if lines[key] == nil, lines.count >= Self.most {
      lines = lines.filter { $0.value.until > now || $0.value.counted > 0 }
      guard lines.count < Self.most else { return .say }
    }
    var line = lines[key] ?? Line(until: now + Self.window)
    defer { lines[key] = line }
    guard line.said >= Self.burst else {
      line.said += 1
      return .say
    }
    line.counted += 1
    line.last = text
    return .count(until: line.counted == 1 ? line.until : nil)
  }

  /// What there is to say of messages that were only counted: those whose time is over, or all.
  mutating func summaries(
    all: Bool, now: ContinuousClock.Instant = .now
  ) -> [(text: String, relay: String?)] {
    var texts: [(text: String, relay: String?)] = []
    for (key, line) in lines where line.counted > 0 && (all || line.until <= now) {
      lines[key] = nil
      texts.append(
        ("\(line.last) (came \(line.counted) more times within \(Self.window.components.seconds) s)", key.relay))
    }
    return texts.sorted { $0.text < $1.text }
  }

  /// Messages are alike that differ in numbers, positions and UUIDs only; a name that has digits in it is a name.
  private static func kind(of text: String) -> String {
    text.split(separator: " ").map { word in
      // A word of `key=value` has its number behind the sign.
      let start = word.firstIndex(of: "=").map { word.index(after: $0) } ?? word.startIndex
      return isNumber(word[start...]) ? "\(word[..<start])#" : String(word)
    }.joined(separator: " ")
  }

  private static let units: Set<Substring> = ["", "ms", "us", "s", "min", "h", "d", "B", "kB", "MB", "GB", "x"]

  private static func isNumber(_ word: Substring) -> Bool {
    let marks = ",;:.()[]'\"%"
    let core = word.drop { marks.contains($0) }
    guard let last = core.lastIndex(where: { !marks.contains($0) }) else { return false }
    let bare = core[...last]
    guard bare.contains(where: { $0.isASCII && $0.isNumber }) else { return false }
    if let first = bare.first, first.isNumber || first == "-" || first == "+" {
      let isDecimal = { (character: Character) in
        character.isASCII && (character.isNumber || ".,:/-+".contains(character))
      }
      if units.contains(bare.drop(while: isDecimal)) { return true }
    }
    // A position or a UUID: hexadecimal, with a mark in between or long.
    return bare.allSatisfy { $0.isHexDigit || $0 == "/" || $0 == "-" }
      && (bare.contains { $0 == "/" || $0 == "-" } || bare.count >= 16)
  }
}
