import ArgumentParser

/// A length of time, as `200us`, `250ms`, `30s`, `5m`, `1h` or `1d`.
struct TimeSpan: ExpressibleByArgument, Hashable {
  let duration: Duration

  init(duration: Duration) {
    self.duration = duration
  }

  init?(argument: String) {
    let digits = argument.prefix { $0.isASCII && $0.isNumber }
    guard let count = Int64(digits), count > 0, count < 1_000_000_000 else { return nil }
    switch argument.dropFirst(digits.count) {
    case "us": duration = .microseconds(count)
    case "ms": duration = .milliseconds(count)
    case "s": duration = .seconds(count)
    case "m": duration = .seconds(count * 60)
    case "h": duration = .seconds(count * 3600)
    case "d": duration = .seconds(count * 86_400)
    default: return nil
    }
  }
}

extension TimeSpan {
  /// For `--help`.
  var defaultValueDescription: String {
    let (seconds, attoseconds) = duration.components
    return attoseconds == 0 ? "\(seconds)s" : "\(seconds * 1000 + attoseconds / 1_000_000_000_000_000)ms"
  }
}

/// A number of bytes, as `1000`, `10kB`, `64KiB`, `100MB`, `1GiB`.
struct ByteSize: ExpressibleByArgument, Hashable {
  let bytes: Int64

  init(bytes: Int64) {
    self.bytes = bytes
  }

  init?(argument: String) {
    let digits = argument.prefix { $0.isASCII && $0.isNumber }
    let units: [Substring: Int64] = [
      "": 1, "b": 1, "kb": 1000, "mb": 1_000_000, "gb": 1_000_000_000, "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30,
    ]
    guard let count = Int64(digits), count > 0,
      let unit = units[Substring(argument.dropFirst(digits.count).lowercased())]
    else { return nil }
    let (product, overflow) = count.multipliedReportingOverflow(by: unit)
    guard !overflow else { return nil }
    bytes = product
  }
}

extension ByteSize {
  /// For `--help`.
  var defaultValueDescription: String { bytes % (1 << 20) == 0 ? "\(bytes >> 20)MiB" : "\(bytes)" }
}

/// How fast to replay: `max`, or a multiple of the recorded pace such as `1` or `10x`.
struct ReplaySpeed: ExpressibleByArgument, Hashable {
  /// Nil for as fast as possible.
  let times: Double?

  init?(argument: String) {
    if argument == "max" {
      times = nil
      return
    }
    let number = argument.hasSuffix("x") ? argument.dropLast() : argument[...]
    guard let value = Double(number), value.isFinite, value > 0 else { return nil }
    times = value
  }
}
