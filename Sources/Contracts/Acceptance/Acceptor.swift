// SPDX-License-Identifier: Apache-2.0

/// Says yes to most data that matches a schema, in one pass; of the rest it does not know.
///
/// A yes is sure: the data is JSON and matches. Everything else (data that does not match, and what is written or ruled in a
/// way that is rare) is left to the schema's own check, which knows the place and the rule. So nothing here has to
/// remember where it is, and nothing is looked at twice.
///
/// It is made for JSON as programs write it: members are looked for behind the one before, in the order in which
/// PostgreSQL's `jsonb` keeps them, and names are compared eight bytes at a time.
package struct Acceptor: Sendable {
  /// Arrays and objects within each other, beyond which it does not know.
  static let maximumDepth = 48
  /// Members and symbols by name, beyond which it does not know: so each name costs a bounded time.
  static let mostNames = 64

  /// What a value may be, by what it begins with.
  struct Shape: BitwiseCopyable, Sendable {
    enum Text: UInt8, BitwiseCopyable {
      case none, any
      /// Of `least` to `most` characters.
      case bounded
      /// The same, each of them ASCII and none of them escaped.
      case ascii
      /// One of `symbols`.
      case symbol
      case uuid, timestamp, localTimestamp
      /// A timestamp without leap seconds, of at most nine decimals, and of a year that is neither the first nor the last.
      case instant
    }

    enum Number: UInt8, BitwiseCopyable {
      case none, any
      /// Digits alone, from `low` to `high`.
      case integer
      /// From `low` to `high`.
      case bounded
    }

    var text = Text.none
    var number = Number.none
    var takesNull = false
    var takesTrue = false
    var takesFalse = false
    /// In `objects` and `arrays`; -1 for none.
    var object: Int32 = -1
    var array: Int32 = -1
    var low = Int64.min
    var high = Int64.max
    var least: Int32 = 0
    var most = Int32.max
    /// In `names`.
    var symbols: Int32 = 0
    var symbolCount: Int32 = 0

    /// Whether it takes nothing.
    var isNone: Bool {
      text == .none && number == .none && !takesNull && !takesTrue && !takesFalse && object < 0 && array < 0
    }
  }

  struct Object: BitwiseCopyable, Sendable {
    /// In `names`, by length, then bytes; at most ``mostNames``.
    var members: Int32 = 0
    var count: Int32 = 0
    /// Those that have to be there, a bit each.
    var required: UInt64 = 0
    /// What others are; -1 where there may be none.
    var additional: Int32 = -1
  }

  struct List: BitwiseCopyable, Sendable {
    var items: Int32
    var least: Int32 = 0
    var most = Int32.max
  }

  /// A name with its quotes, and of a member with its colon.
  struct Name: BitwiseCopyable, Sendable {
    /// The first eight bytes, the first lowest, and which of them there are.
    var first: UInt64
    var mask: UInt64
    /// The last eight bytes, where there are more.
    var last: UInt64
    var length: Int32
    /// In `pool`, all of it.
    var start: Int32
    /// Of a member: what it is.
    var shape: Int32
  }

  var shapes: [Shape] = []
  var objects = [Object()]
  var lists = [List(items: 0)]
  var names = [Name(first: 0, mask: 0, last: 0, length: 0, start: 0, shape: 0)]
  var pool: [UInt8] = [0]
  var root: Int32 = 0

  /// Whether it is sure that a range is JSON and matches.
  package func accepts(_ bytes: RawSpan, _ range: Range<Int>) -> Bool {
    unsafe run(bytes, range) { $0.accepts(root, from: range.lowerBound) } ?? false
  }

  /// The same, by what lies between the values of data that was accepted before.
  @inline(__always)
  func accepts(_ bytes: RawSpan, _ range: Range<Int>, as form: Form) -> Bool {
    unsafe run(bytes, range) { $0.accepts(form, from: range.lowerBound) } ?? false
  }

  /// The values of data that is accepted, but for arrays and objects; nil where it is not.
  func values(_ bytes: RawSpan, _ range: Range<Int>) -> [AcceptorRun.TracedValue]? {
    var values: [AcceptorRun.TracedValue] = []
    let isAccepted = unsafe withUnsafeMutablePointer(to: &values) { trace in
      unsafe run(bytes, range, tracing: trace) { $0.accepts(root, from: range.lowerBound) } ?? false
    }
    return isAccepted ? values : nil
  }

  /// Calls `body` with what reads the bytes by these tables; never nil but for want of a table.
  @unsafe @inline(__always)
  func run<Outcome>(
    _ bytes: RawSpan, _ range: Range<Int>, tracing trace: UnsafeMutablePointer<[AcceptorRun.TracedValue]>? = nil,
    _ body: (AcceptorRun) -> Outcome
  ) -> Outcome? {
    precondition(range.lowerBound >= 0 && range.upperBound <= bytes.byteCount)
    return unsafe bytes.withUnsafeBytes { text in
      unsafe shapes.withUnsafeBufferPointer { shapes in
        unsafe objects.withUnsafeBufferPointer { objects in
          unsafe lists.withUnsafeBufferPointer { lists in
            unsafe names.withUnsafeBufferPointer { names in
              unsafe pool.withUnsafeBufferPointer { pool in
                // Each table has something in it, if only for that.
                guard let text = text.baseAddress, let shapes = shapes.baseAddress, let objects = objects.baseAddress,
                  let lists = lists.baseAddress, let names = names.baseAddress, let pool = pool.baseAddress
                else { return nil }
                return body(
                  unsafe AcceptorRun(
                    text: text, end: range.upperBound, room: bytes.byteCount, shapes: shapes, objects: objects,
                    lists: lists, names: names, pool: pool, trace: trace))
              }
            }
          }
        }
      }
    }
  }
}
