// SPDX-License-Identifier: Apache-2.0

public import ArgumentParser
import PostgresWire
public import Relay

extension RelayConfiguration.End: ExpressibleByArgument {
  /// `now`, or a position such as `16/B374D848`.
  public init?(argument: String) {
    if argument == "now" {
      self = .now
    } else if let lsn = LSN(argument) {
      self = .lsn(lsn)
    } else {
      return nil
    }
  }
}
