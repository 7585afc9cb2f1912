// SPDX-License-Identifier: Apache-2.0

public import ArgumentParser
import Delivery
public import RedisDelivery
import Settings

/// How events are added to streams of Redis.
struct RedisOptions: ParsableArguments {
  @Option(help: "How events are put into entries.")
  var redisMode: BindingMode = .binary

  @Option(
    help:
      "What an entry's id is: the event's position, so that nothing is there twice, or the server's own for streams that others write too."
  )
  var redisId: RedisConfiguration.Identifiers = .position

  @Option(
    help: ArgumentHelp("About how many entries a stream keeps; the oldest are dropped.", valueName: "count"))
  var redisMaxlen: Int?

  @Flag(help: "Allow a redis:// address of another host.")
  var allowPlainRedis = false

  var settings: RedisSettings {
    var settings = RedisSettings()
    settings.mode = redisMode
    settings.identifiers = redisId
    settings.maximumLength = redisMaxlen
    settings.allowPlain = allowPlainRedis
    return settings
  }
}

extension RedisConfiguration.Identifiers: ExpressibleByArgument {}
