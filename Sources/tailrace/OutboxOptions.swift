// SPDX-License-Identifier: Apache-2.0

public import ArgumentParser
public import IntegrationEvents
public import OutboxMapping
import PostgresWire
import Settings

/// Which tables and messages are the outbox.
struct TableOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "An outbox table, with its schema; may be repeated. Default: public.outbox, unless --message-prefix is given.",
      valueName: "schema.name"))
  var table: [String] = []

  @Option(
    help: ArgumentHelp(
      "Transactional logical messages whose prefix starts so are events too; may be repeated.", valueName: "prefix"))
  var messagePrefix: [String] = []

  func validate() throws { _ = try names() }

  func names() throws -> [TableName] { try Flags.checking { () throws(Failure) in try settings.tableNames() } }

  var settings: OutboxSettings {
    var settings = OutboxSettings()
    settings.tables = table
    settings.messagePrefixes = messagePrefix
    return settings
  }
}

/// How rows become events.
struct OutboxOptions: ParsableArguments {
  @OptionGroup var tables: TableOptions

  @Option(
    help: ArgumentHelp(
      "A column that is called otherwise than its role: id, aggregatetype, aggregateid, type, payload, version, "
        + "occurred_at, headers, traceparent, tracestate, dataschema. Without a name, the role is not used. May be "
        + "repeated.", valueName: "role=column"))
  var column: [String] = []

  @Option(
    help: ArgumentHelp(
      "A further column that becomes an extension attribute; may be repeated.", valueName: "attribute=column"))
  var attribute: [String] = []

  @Option(help: ArgumentHelp("The CloudEvents source, a URI. Default: /database/schema.table.", valueName: "uri"))
  var source: String?

  @Option(help: "What a line holds: a CloudEvent, or the payload alone.")
  var envelope: EnvelopeEncoder.Envelope = .cloudevents

  @Option(help: ArgumentHelp("What a payload of type text is.", valueName: "type"))
  var payloadType: PayloadType = .text

  @Option(
    help:
      "What to do about an UPDATE, DELETE or TRUNCATE of the outbox, or a message outside transactions."
  )
  var onChange: ChangePolicy = .warn

  @Option(
    help:
      "What to do about a header whose name is the envelope's own, taken, or no attribute's: left out or refused."
  )
  var onBadHeader: ChangePolicy = .warn

  @Option(
    help: ArgumentHelp(
      "A header that becomes no attribute, by its key as it is written; may be repeated.", valueName: "name"))
  var ignoreHeader: [String] = []

  enum PayloadType: String, ExpressibleByArgument, CaseIterable {
    case text, json
  }

  func validate() throws {
    let settings = try settings()
    _ = try Flags.checking { () throws(Failure) in try settings.configuration() }
  }

  func settings() throws -> OutboxSettings {
    var settings = tables.settings
    for mapping in column {
      let (role, name) = try Self.pair(mapping, "--column")
      guard settings.columns.updateValue(name, forKey: role) == nil else {
        throw ValidationError("--column: \(role) is given twice")
      }
    }
    settings.attributes = try attribute.map { mapping in
      let (name, column) = try Self.pair(mapping, "--attribute")
      return OutboxSettings.Attribute(name: name, column: column)
    }
    settings.source = source
    settings.envelope = envelope
    settings.textPayloadIsJSON = payloadType == .json
    settings.onChange = onChange
    settings.onBadHeader = onBadHeader
    settings.ignoredHeaders = ignoreHeader
    return settings
  }

  private static func pair(_ text: String, _ option: String) throws -> (String, String) {
    guard let equals = text.firstIndex(of: "=") else {
      throw ValidationError("\(option): '\(text)' is not of the form name=column")
    }
    return (String(text[..<equals]), String(text[text.index(after: equals)...]))
  }
}

extension EnvelopeEncoder.Envelope: ExpressibleByArgument {}
extension ChangePolicy: ExpressibleByArgument {}
