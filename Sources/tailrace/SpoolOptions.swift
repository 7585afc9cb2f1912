// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import PostgresWire
import Relay
import Settings

/// Where rows of transactions in progress wait for their commit.
struct SpoolOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Where rows of transactions in progress wait for their commit when they are too many for the memory, in a file without a name. Default: TMPDIR, else /var/tmp.",
      valueName: "directory"))
  var spoolDir: String?

  @Option(help: ArgumentHelp("How much memory such rows may take.", valueName: "size"))
  var spoolMemory = ByteSize(1 << 20)

  func validate() throws {
    if spoolDir == "" { throw ValidationError("--spool-dir: it is empty") }
  }

  /// A place that was named must be there when it is first needed, which may be at night.
  func check() throws(Failure) {
    if spoolDir != nil { try configuration().check() }
  }

  func configuration() -> SpoolConfiguration {
    var configuration = SpoolConfiguration()
    configuration.memory = Int(spoolMemory.bytes)
    if let directory = spoolDir ?? Environment["TMPDIR"] { configuration.directory = directory }
    return configuration
  }
}
