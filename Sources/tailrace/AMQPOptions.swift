// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Delivery
import Settings

/// How events are published to RabbitMQ.
struct AMQPOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The exchange to publish to; an empty name is the default one, whose routing keys are names of queues.",
      valueName: "name"))
  var amqpExchange: String?

  @Option(help: "How events are put into messages.")
  var amqpMode: BindingMode = .binary

  @Option(
    help: ArgumentHelp(
      "What stands in front of an attribute's name in a header: cloudEvents: is for consumers of AMQP 1.0.",
      valueName: "prefix"))
  var amqpHeaderPrefix = "ce-"

  @Flag(help: "Allow an amqp:// address of another host.")
  var allowPlainAmqp = false

  var settings: AMQPSettings {
    var settings = AMQPSettings()
    settings.exchange = amqpExchange
    settings.mode = amqpMode
    settings.headerPrefix = amqpHeaderPrefix
    settings.allowPlain = allowPlainAmqp
    return settings
  }
}
