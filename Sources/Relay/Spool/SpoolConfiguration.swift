// SPDX-License-Identifier: Apache-2.0

import Files
public import PostgresWire

/// Where the rows of transactions in progress wait for their commit.
public struct SpoolConfiguration: Hashable, Sendable {
  /// How many bytes of them may be in memory. Default: 1 MiB.
  public var memory = 1024 * 1024
  /// Where the rest goes, into a file without a name. Default: `/var/tmp`, which is meant for what is large.
  public var directory = "/var/tmp"
  /// Whether somebody has named that place: then a relay ends at its start where no file can be made there. Else that is only
  /// told, for it may never be needed. Default: no.
  public var isNamed = false

  /// Makes a configuration with the defaults.
  public init() {}

  /// Tries whether a file can be made there, which is first needed perhaps at night.
  public func check() throws(Failure) {
    do { _ = try OpenFile(unnamedIn: directory) } catch {
      throw Failure(
        .spool, "spool of transactions in progress: no file can be made in \(directory): \(error.text)",
        advice: error.isOfLimit
          ? Failure.advice(opening: error) : "choose another place with \(setting: "spool-dir")")
    }
  }
}
