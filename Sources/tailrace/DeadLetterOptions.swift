// SPDX-License-Identifier: Apache-2.0

public import ArgumentParser
import PostgresWire
public import Settings

/// What happens to events that cannot be delivered.
struct PoisonOptions: ParsableArguments {
  @Option(help: "What to do about an event that is refused for good, or a row that cannot become one.")
  var onPoison: PoisonSettings.Policy = .stop

  @Option(
    help: ArgumentHelp(
      "Where dead letters go: file:PATH, table:SCHEMA.NAME, or topic:NAME (Kafka), queue:NAME (RabbitMQ, SQS), stream:NAME (Redis) or subject:NAME (NATS) at the sink's brokers.",
      valueName: "place"))
  var deadLetters: LetterPlace?

  @Flag(help: "Park the later events of a key behind its first dead letter, so that their order holds. Not for a file.")
  var parkKey = false

  func validate() throws { try Flags.checking { () throws(Failure) in try settings.validate() } }

  var settings: PoisonSettings {
    var settings = PoisonSettings()
    settings.policy = onPoison
    settings.deadLetters = deadLetters
    settings.parkKey = parkKey
    return settings
  }
}

extension PoisonSettings.Policy: ExpressibleByArgument {}
