// SPDX-License-Identifier: Apache-2.0

public import ArgumentParser
public import Delivery
import PostgresWire
public import Settings

/// How events are produced to Kafka.
struct KafkaOptions: ParsableArguments {
  @Option(help: "How events are put into records.")
  var kafkaMode: BindingMode = .binary

  @Flag(help: "Make a record without a value of an event without data: it deletes its key in a compacted topic.")
  var kafkaTombstones = false

  @Option(
    help: ArgumentHelp(
      "Set a property of librdkafka that is no secret, such as compression.type=zstd. May be repeated.",
      valueName: "name=value"))
  var kafkaProperty: [KafkaSettings.Property] = []

  @Option(
    help: ArgumentHelp(
      "Set the properties of librdkafka that are in a file, a line of name=value each.", valueName: "path"),
    completion: .file())
  var kafkaPropertiesFile: String?

  func validate() throws { try Flags.checking { () throws(Failure) in try settings.validate() } }

  var settings: KafkaSettings {
    var settings = KafkaSettings()
    settings.mode = kafkaMode
    settings.tombstones = kafkaTombstones
    settings.properties = kafkaProperty
    settings.propertiesFile = kafkaPropertiesFile
    return settings
  }
}

extension BindingMode: ExpressibleByArgument {}

extension KafkaSettings.Property: ExpressibleByArgument {
  /// Reads `name=value`.
  public init?(argument: String) {
    guard let equals = argument.firstIndex(of: "="), equals != argument.startIndex else { return nil }
    self.init(name: String(argument[..<equals]), value: String(argument[argument.index(after: equals)...]))
  }

  /// For `--help`.
  public var defaultValueDescription: String { "\(name)=\(value)" }
}
