// SPDX-License-Identifier: Apache-2.0

public import ArgumentParser
public import Delivery
import Settings

/// Where events go at a broker.
struct BrokerOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Where an event goes: text and attributes in braces, such as {aggregatetype}, {type}, {aggregateid}. Default: outbox.event.{aggregatetype} for Kafka and Redis, with .{aggregateid} for NATS, {aggregatetype}.{type} for RabbitMQ.",
      valueName: "pattern"))
  var route: Route?

  @Option(
    help: ArgumentHelp(
      "The password of the user in the sink's address, in a file; for NATS without a user, a token.", valueName: "path"),
    completion: .file())
  var sinkPasswordFile: String?

  var settings: BrokerSettings {
    var settings = BrokerSettings()
    settings.route = route
    settings.passwordFile = sinkPasswordFile
    return settings
  }
}

extension Route: ExpressibleByArgument {}
