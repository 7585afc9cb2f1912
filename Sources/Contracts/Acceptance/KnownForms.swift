// SPDX-License-Identifier: Apache-2.0

import Octets

extension Acceptor {
  /// What lies between the values of data that was accepted: with other values it is accepted too, if they are of the same
  /// shapes.
  ///
  /// Events of a type are mostly written by one program, and differ in their values alone. Then names need not be looked
  /// for, and what is between two values is compared as a whole.
  struct Form: Sendable {
    /// More than so many values are not kept, nor data of more bytes.
    static let mostValues = 128
    static let mostBytes = 16 * 1024

    /// What comes before each value, with the value's shape, and what comes behind the last.
    var literals: [Name] = []
    var pool: [UInt8] = []

    /// Nil for data that is not accepted, or not to be kept.
    init?(_ acceptor: Acceptor, _ bytes: RawSpan, _ range: Range<Int>) {
      guard range.count <= Self.mostBytes, let values = acceptor.values(bytes, range), values.count <= Self.mostValues
      else { return nil }
      var start = range.lowerBound
      for value in values {
        add(bytes, start..<value.range.lowerBound, value.shape)
        start = value.range.upperBound
      }
      add(bytes, start..<range.upperBound, -1)
    }

    private mutating func add(_ bytes: RawSpan, _ range: Range<Int>, _ shape: Int32) {
      let text = range.map { bytes.byte(at: $0) }
      literals.append(Name(text, at: pool.count, shape: shape))
      pool += text
    }
  }
}

/// The forms of a contract's data that was accepted lately.
struct KnownForms: Sendable {
  /// How many are kept: data differs by members that may be missing, and by the lengths of arrays.
  static let most = 4
  /// After so many tries it is looked whether they are of use.
  private static let trial = 256
  /// How much data goes by without them where they are not.
  private static let pause = 8192

  private var forms: [Acceptor.Form] = []
  private var tries = 0
  private var hits = 0
  private var misses = 0
  private var paused = 0

  /// Whether it is sure that a range is JSON and matches.
  mutating func accept(_ bytes: RawSpan, _ range: Range<Int>, by acceptor: Acceptor) -> Bool {
    guard paused == 0 else {
      paused &-= 1
      return acceptor.accepts(bytes, range)
    }
    tries &+= 1
    for index in forms.indices where acceptor.accepts(bytes, range, as: forms[index]) {
      hits &+= 1
      // The one that was of use is tried first.
      if index > 0 { forms.swapAt(index, index - 1) }
      return true
    }
    guard acceptor.accepts(bytes, range) else { return false }
    misses &+= 1
    learn(bytes, range, acceptor)
    return true
  }

  /// Keeping one costs as much again, so that not each is kept where they are many.
  private mutating func learn(_ bytes: RawSpan, _ range: Range<Int>, _ acceptor: Acceptor) {
    if tries >= Self.trial {
      if hits < tries / 2 { paused = Self.pause }
      (tries, hits) = (0, 0)
    }
    guard misses <= 2 * Self.most || misses & 63 == 0, let form = Acceptor.Form(acceptor, bytes, range) else { return }
    if forms.count == Self.most { forms.removeLast() }
    forms.append(form)
  }
}
