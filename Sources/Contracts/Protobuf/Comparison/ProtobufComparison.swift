// SPDX-License-Identifier: Apache-2.0

/// Compares two descriptor sets as `buf breaking` does: messages and enums by their full names, fields and values by their
/// numbers, files by their names. Besides, the messages of the two events are compared, whatever they are called.
struct ProtobufComparison {
  let reader: ProtobufTypes
  let writer: ProtobufTypes
  private let roots: (reader: Int, writer: Int)
  private let rules: ProtobufRules
  let isOlder: Bool
  let isStrict: Bool
  private(set) var found: [Obstacle] = []
  /// Two enums of other names.
  struct EnumPair: Hashable {
    var reader: Int
    var writer: Int
  }
  /// Whether one may stand for the other.
  var knownEnums: [EnumPair: Bool] = [:]
  /// In units of ``Effort``.
  private(set) var spent = 16

  init(_ reader: ProtobufSchema, _ writer: ProtobufSchema, _ rules: ProtobufRules, isOlder: Bool, isStrict: Bool) {
    (self.reader, self.writer, roots) = (reader.types, writer.types, (reader.root, writer.root))
    (self.rules, self.isOlder, self.isStrict) = (rules, isOlder, isStrict)
  }

  /// In the order of the reader's types.
  mutating func obstacles() -> [Obstacle] {
    compareFiles()
    var messages: [String: ProtobufMessage] = [:]
    for message in writer.messages { messages[writersName(message.fullName)] = message }
    for message in reader.messages {
      if let other = messages[readersName(message.fullName)] { compare(message, other) }
    }
    var enums: [String: ProtobufEnum] = [:]
    for enumeration in writer.enums { enums[writersName(enumeration.fullName)] = enumeration }
    for enumeration in reader.enums {
      if let other = enums[readersName(enumeration.fullName)] { compare(enumeration, other) }
    }
    compareExtensions()
    compareMethods()
    return found
  }

  /// By which name something is found: within the event's own message by where it is in there.
  func readersName(_ name: String) -> String { Self.name(name, in: reader.messages[roots.reader].fullName) }

  func writersName(_ name: String) -> String { Self.name(name, in: writer.messages[roots.writer].fullName) }

  private static func name(_ name: String, in root: String) -> String {
    guard name.hasPrefix(root) else { return name }
    let rest = name.dropFirst(root.count)
    // No name begins with a dot.
    return rest.isEmpty || rest.hasPrefix(".") ? ".\(rest)" : name
  }

  mutating func spend(_ units: Int) { spent += units }

  private mutating func compareFiles() {
    var packages: [String: String] = [:]
    for file in writer.files { packages[file.name] = file.package }
    for file in reader.files {
      guard let package = packages[file.name], package != file.package else { continue }
      add(
        .fileSamePackage, "",
        "the package of \(ProtobufReading.shown(file.name)) is \(Self.orNone(file.package)), and was "
          + "\(Self.orNone(package)) to the writer", code: .name, advice: "write package \(package) again")
    }
  }

  private static func orNone(_ name: String) -> String { name.isEmpty ? "none" : name }

  private mutating func compareExtensions() {
    struct Key: Hashable {
      var extendee: String?
      var number: Int
    }
    var others: [Key: ProtobufField] = [:]
    for field in writer.extensions { others[Key(extendee: field.extendee, number: field.number)] = field }
    for field in reader.extensions {
      spend(4)
      guard let other = others[Key(extendee: field.extendee, number: field.number)] else { continue }
      compare(field, other, "/\(field.name)")
    }
  }

  private mutating func compareMethods() {
    var others: [String: ProtobufMethod] = [:]
    for method in writer.methods { others[method.fullName] = method }
    for method in reader.methods {
      spend(4)
      guard let other = others[method.fullName] else { continue }
      let place = "/\(method.fullName)"
      if method.streamsRequests != other.streamsRequests {
        add(.rpcSameClientStreaming, place, "only one of the two streams requests", advice: Self.again)
      }
      if method.streamsResponses != other.streamsResponses {
        add(.rpcSameServerStreaming, place, "only one of the two streams responses", advice: Self.again)
      }
      if method.idempotency != other.idempotency {
        add(.rpcSameIdempotencyLevel, place, "the idempotency level is another", advice: Self.again)
      }
      if method.request != other.request {
        add(.rpcSameRequestType, place, "the request is of another type", advice: Self.again)
      }
      if method.response != other.response {
        add(.rpcSameResponseType, place, "the response is of another type", advice: Self.again)
      }
    }
  }

  private static let again = "write it as it was, and use a method of another name for what is new"

  /// Notes what breaks a rule, where that rule holds.
  mutating func add(
    _ rule: ProtobufRule, _ place: String, _ words: String, code: ObstacleCode = .other, advice: String,
    writersAdvice: String? = nil
  ) {
    guard rule.holds(rules, isOlder: isOlder) else { return }
    found.append(
      Obstacle(place, "\(words) (\(rule.rawValue))", code: code, advice: advice, writersAdvice: writersAdvice))
  }

  /// Notes what only strict readers of JSON do not take.
  mutating func addStrict(_ place: String, _ words: String, advice: String) {
    guard isStrict, isOlder, rules == .wireJSON else { return }
    found.append(Obstacle(place, words, code: .member, advice: advice))
  }
}
