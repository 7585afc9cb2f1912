public import ArgumentParser
public import IntegrationEvents
public import Outbox
import PostgresWire

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

  var names: [TableName] {
    if table.isEmpty, !messagePrefix.isEmpty { return [] }
    return table.isEmpty ? [TableName(schema: "public", name: "outbox")] : table.compactMap { TableName($0) }
  }

  func validate() throws {
    for name in table where TableName(name) == nil {
      throw ValidationError("--table: '\(name)' is not a table name such as public.outbox")
    }
    guard !messagePrefix.contains("") else { throw ValidationError("--message-prefix: the prefix is empty") }
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

  @Option(help: "What a line holds: a CloudEvent, or the payload alone. (values: cloudevents, payload)")
  var envelope: EnvelopeEncoder.Envelope = .cloudevents

  @Option(help: ArgumentHelp("What a payload of type text is. (values: text, json)", valueName: "type"))
  var payloadType: PayloadType = .text

  @Option(help: "What to do about an UPDATE, DELETE or TRUNCATE of the outbox. (values: ignore, warn, fail)")
  var onChange: ChangePolicy = .warn

  enum PayloadType: String, ExpressibleByArgument, CaseIterable {
    case text, json
  }

  func validate() throws { _ = try configuration() }

  func configuration() throws -> OutboxConfiguration {
    var configuration = OutboxConfiguration()
    configuration.tables = tables.names
    configuration.messagePrefixes = tables.messagePrefix
    for mapping in column {
      let (key, value) = try Self.pair(mapping, "--column")
      guard let role = ColumnRole(rawValue: key == "timestamp" ? "occurred_at" : key) else {
        throw ValidationError(
          "--column: '\(key)' is no role; there are \(ColumnRole.allCases.map(\.rawValue).joined(separator: ", "))")
      }
      configuration.columns[role] = value
    }
    for mapping in attribute {
      let (key, value) = try Self.pair(mapping, "--attribute")
      guard let name = AttributeName(key), key != "traceparent", key != "tracestate" else {
        throw ValidationError(
          "--attribute: '\(key)' cannot be one; a name has lower-case letters and digits and is not the envelope's own")
      }
      guard !value.isEmpty else { throw ValidationError("--attribute: '\(key)' has no column") }
      guard !configuration.attributes.contains(where: { $0.name == name }) else {
        throw ValidationError("--attribute: '\(key)' is given twice")
      }
      configuration.attributes.append((name, value))
    }
    if let source {
      guard let uri = EventSource(source) else { throw ValidationError("--source: '\(source)' is not a URI reference") }
      configuration.source = uri
    }
    configuration.textPayloadIsJSON = payloadType == .json
    configuration.onChange = onChange
    return configuration
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
