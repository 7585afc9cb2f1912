// SPDX-License-Identifier: Apache-2.0

public import ArgumentParser
public import Settings

extension TimeSpan: ExpressibleByArgument {
  /// `30s` and the like.
  public init?(argument: String) { self.init(argument) }
  /// For `--help`.
  public var defaultValueDescription: String { description }
}

extension ByteSize: ExpressibleByArgument {
  /// `64KiB` and the like.
  public init?(argument: String) { self.init(argument) }
  /// For `--help`.
  public var defaultValueDescription: String { description }
}

extension FileMode: ExpressibleByArgument {
  /// `0640` and the like.
  public init?(argument: String) { self.init(argument) }
}

extension StatusCodes: ExpressibleByArgument {
  /// `409,423` and the like.
  public init?(argument: String) { self.init(argument) }
}

extension LetterPlace: ExpressibleByArgument {
  /// `file:PATH`, `table:SCHEMA.NAME`, `topic:NAME`, `queue:NAME`, `stream:NAME` or `subject:NAME`.
  public init?(argument: String) { self.init(argument) }
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
