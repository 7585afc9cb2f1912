// SPDX-License-Identifier: Apache-2.0

import PostgresWire
import Settings

/// All that is wrong with what is set.
struct Mistakes: Error {
  /// No more are kept: who has made so many has named another file, or has one to mend that will show in the first ones.
  private static let most = 100

  private(set) var all: [(origin: Origin, text: String)] = []

  /// Whether it is of no use to look for more.
  var isFull: Bool { all.count >= Self.most }

  var isEmpty: Bool { all.isEmpty }

  /// That of a file, if something in one is wrong; else that of wrong use.
  var exitCode: Int32 {
    let isOfFile = all.contains { if case .file = $0.origin { true } else { false } }
    return isOfFile ? FailureKind.settings.exitCode : 64
  }

  mutating func add(_ origin: Origin, _ text: String) {
    guard !isFull, !all.contains(where: { $0.origin == origin && $0.text == text }) else { return }
    all.append((origin, text))
  }

  /// Some of them.
  func filter(_ isMeant: ((origin: Origin, text: String)) -> Bool) -> Mistakes {
    var some = Mistakes()
    some.all = all.filter(isMeant)
    return some
  }

  mutating func add(_ others: Mistakes) { for other in others.all { add(other.origin, other.text) } }

  /// A line each, in the order of the file.
  var lines: [String] {
    all.sorted { left, right in
      guard case .file(_, let first) = left.origin, case .file(_, let second) = right.origin else { return false }
      return first < second
    }.map { "\($0.origin == .flag ? "command line" : $0.origin.shown): \($0.text)" }
      + (isFull ? ["there may be more that is wrong; mend these first"] : [])
  }

  /// Says them.
  func say() { for line in lines { tailrace.say("error: \(line)") } }
}
