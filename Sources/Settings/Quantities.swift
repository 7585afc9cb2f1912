// SPDX-License-Identifier: Apache-2.0

/// A length of time, as `200us`, `250ms`, `30s`, `5m`, `1h` or `1d`.
public struct TimeSpan: Hashable, Sendable {
  /// The length.
  public let duration: Duration

  /// Takes a length.
  public init(_ duration: Duration) {
    self.duration = duration
  }
}

extension TimeSpan: LosslessStringConvertible {
  /// Nil for anything but a whole number from 1 to 999999999 and a unit, and for more than a thousand years.
  public init?(_ text: String) {
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    guard let count = Int64(digits), count > 0, count < 1_000_000_000 else { return nil }
    let seconds: Int64
    switch text.dropFirst(digits.count) {
    case "us":
      duration = .microseconds(count)
      return
    case "ms":
      duration = .milliseconds(count)
      return
    case "s": seconds = count
    case "m": seconds = count * 60
    case "h": seconds = count * 3600
    case "d": seconds = count * 86_400
    default: return nil
    }
    guard seconds <= 1000 * 366 * 86_400 else { return nil }
    duration = .seconds(seconds)
  }

  /// In the largest unit that fits.
  public var description: String {
    let (seconds, attoseconds) = duration.components
    if attoseconds == 0 { return "\(seconds)s" }
    let micros = seconds * 1_000_000 + attoseconds / 1_000_000_000_000
    return micros % 1000 == 0 ? "\(micros / 1000)ms" : "\(micros)us"
  }
}

/// A number of bytes, as `1000`, `10kB`, `64KiB`, `100MB`, `1GiB`.
public struct ByteSize: Hashable, Sendable {
  /// The number.
  public let bytes: Int64

  /// Takes a number.
  public init(_ bytes: Int64) {
    self.bytes = bytes
  }
}

extension ByteSize: LosslessStringConvertible {
  /// Nil for anything but a whole number above zero and a unit.
  public init?(_ text: String) {
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    let units: [Substring: Int64] = [
      "": 1, "b": 1, "kb": 1000, "mb": 1_000_000, "gb": 1_000_000_000, "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30,
    ]
    guard let count = Int64(digits), count > 0,
      let unit = units[Substring(text.dropFirst(digits.count).lowercased())]
    else { return nil }
    let (product, overflow) = count.multipliedReportingOverflow(by: unit)
    guard !overflow else { return nil }
    bytes = product
  }

  /// In MiB where that is exact.
  public var description: String { bytes % (1 << 20) == 0 ? "\(bytes >> 20)MiB" : "\(bytes)" }
}

/// Who may read a file, as `0640`.
public struct FileMode: Hashable, Sendable {
  /// The permissions, as chmod(2) has them.
  public let bits: UInt32
}

extension FileMode: LosslessStringConvertible {
  /// Nil for anything but three or four octal digits with which we can read and write, and others at most read: what
  /// others can write would be refused at the next start.
  public init?(_ text: String) {
    let digits = text.hasPrefix("0") && text.utf8.count == 4 ? text.dropFirst() : text[...]
    guard digits.utf8.count == 3, let bits = UInt32(digits, radix: 8), bits & ~0o044 == 0o600 else { return nil }
    self.bits = bits
  }

  /// Four octal digits.
  public var description: String { "0" + String(bits, radix: 8) }
}

/// Status codes, as `409,423` or `500-599`.
public struct StatusCodes: Hashable, Sendable {
  /// The codes.
  public let codes: Set<Int>

  /// Nil for anything but numbers and ranges from 300 to 599, separated by commas.
  public init?(_ text: String) {
    var codes: Set<Int> = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
      guard let first = ends.first.flatMap({ $0 }), let last = ends.last.flatMap({ $0 }), ends.count <= 2,
        (300...599).contains(first), (first...599).contains(last)
      else { return nil }
      codes.formUnion(first...last)
    }
    self.codes = codes
  }
}
