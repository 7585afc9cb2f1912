// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Relay
import Settings

/// Where rows of transactions in progress wait for their commit.
struct SpoolOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Where rows of transactions in progress wait for their commit when they are too many for the memory, in a file without a name. Default: TMPDIR, else /var/tmp.",
      valueName: "directory"), completion: .directory)
  var spoolDir: String?

  @Option(help: ArgumentHelp("How much memory such rows may take.", valueName: "size"))
  var spoolMemory = ByteSize(1 << 20)

  func validate() throws {
    if spoolDir == "" { throw ValidationError("--spool-dir: it is empty") }
  }

  func configuration() -> SpoolConfiguration {
    var configuration = SpoolConfiguration()
    configuration.memory = Int(spoolMemory.bytes)
    if let directory = spoolDir ?? Environment["TMPDIR"] { configuration.directory = directory }
    configuration.isNamed = spoolDir != nil
    return configuration
  }
}
