// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Delivery
import Settings

/// How events are published to streams of NATS.
struct NATSOptions: ParsableArguments {
  @Option(help: "How events are put into messages.")
  var natsMode: BindingMode = .binary

  @Option(
    help: ArgumentHelp(
      "A stream to make for the events' subjects, on disk and without limits, where it is not there.",
      valueName: "name"))
  var natsCreateStream: String?

  @Option(
    help: ArgumentHelp("A user's JWT and the seed of its NKey, in a file.", valueName: "path"),
    completion: .file())
  var natsCredentialsFile: String?

  @Option(help: ArgumentHelp("What subjects of answers begin with.", valueName: "subject"))
  var natsInboxPrefix = "_INBOX"

  @Flag(help: "Allow a nats:// address of another host.")
  var allowPlainNats = false

  var settings: NATSSettings {
    var settings = NATSSettings()
    settings.mode = natsMode
    settings.createdStream = natsCreateStream
    settings.credentialsFile = natsCredentialsFile
    settings.inboxPrefix = natsInboxPrefix
    settings.allowPlain = allowPlainNats
    return settings
  }
}
