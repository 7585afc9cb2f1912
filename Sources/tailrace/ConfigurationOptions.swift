// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// Which relay of which file is meant. What the file says of it is added to the command line before that is read
/// (`AddedOptions`).
struct ConfigurationOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("Take what is not said here from a configuration file, as run does.", valueName: "file"),
    completion: .file())
  var config: String?

  @Option(help: ArgumentHelp("Which relay of that file.", valueName: "name"))
  var relay: String?

  func validate() throws {
    if relay != nil, config == nil { throw ValidationError("--relay needs --config FILE") }
  }
}
