// SPDX-License-Identifier: Apache-2.0

/// Where the rows of transactions in progress wait for their commit.
public struct SpoolConfiguration: Hashable, Sendable {
  /// How many bytes of them may be in memory. Default: 1 MiB.
  public var memory = 1024 * 1024
  /// Where the rest goes, into a file without a name. Default: `/var/tmp`, which is meant for what is large.
  public var directory = "/var/tmp"

  /// Makes a configuration with the defaults.
  public init() {}
}
